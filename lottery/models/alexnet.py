"""AlexNet (Krizhevsky, 2014) at any width, with or without batch norm.

Parameters are named as torchvision's, and at full width a network computes the same.
"""

import itertools

from torch import nn

from lottery.catalogue.networks.alexnet import CHANNELS, HIDDEN, POOLED
from lottery.models.feedforward import Feedforward
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """`stem: small` is for small images: its first convolution is 3x3 without stride.

    Batch norm, where it is asked for, follows each convolution; torchvision's network has none.
    """
    small, width = architecture.stem == "small", architecture.width
    channels = [count * width // 64 for count in CHANNELS]
    hidden, pooled = HIDDEN * width // 64, 2 if small else 6
    first = (
        nn.Conv2d(3, channels[0], 3, padding=1)
        if small
        else nn.Conv2d(3, channels[0], 11, stride=4, padding=2)
    )
    convolutions = [
        first,
        nn.Conv2d(channels[0], channels[1], 5, padding=2),
        *(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in itertools.pairwise(channels[1:])
        ),
    ]
    layers: list[nn.Module] = []
    for number, convolution in enumerate(convolutions):
        layers.append(convolution)
        if architecture.batch_norm:
            layers.append(nn.BatchNorm2d(convolution.out_channels))
        layers.append(nn.ReLU(inplace=True))
        if number in POOLED[: architecture.pools]:
            layers.append(nn.MaxPool2d(3, stride=2))
    top = nn.Sequential(
        nn.Dropout(),
        nn.Linear(channels[-1] * pooled * pooled, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        classifier(hidden, outputs),
    )
    return Feedforward(nn.Sequential(*layers), pooled, top)


def classifier(features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head, by torch's defaults."""
    return nn.Linear(features, outputs)
