"""AlexNet (Krizhevsky et al., 2012): torchvision's, at any width, with or without batch norm."""

import itertools

from torch import nn
from torchvision.models.alexnet import AlexNet

from lottery.catalogue.networks.alexnet import CHANNELS, HIDDEN, POOLED
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """`stem: small` is for small images: its first convolution is 3x3 without stride.

    Batch norm, where it is asked for, follows each convolution; torchvision's model has none.
    """
    small, width = architecture.stem == "small", architecture.width
    channels = [count * width // 64 for count in CHANNELS]
    hidden, pooled = HIDDEN * width // 64, 2 if small else 6
    model = _shell()
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
    model.features = nn.Sequential(*layers)
    model.avgpool = nn.AdaptiveAvgPool2d((pooled, pooled))
    model.classifier = nn.Sequential(
        nn.Dropout(),
        nn.Linear(channels[-1] * pooled * pooled, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        classifier(hidden, outputs),
    )
    return model


def classifier(features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head, by torch's defaults."""
    return nn.Linear(features, outputs)


def _shell() -> AlexNet:
    """Torchvision's class for its forward pass, without building its 61 million weights."""
    model = AlexNet.__new__(AlexNet)
    nn.Module.__init__(model)
    return model
