"""The modified VGG of Morcos et al. (2019): batch norm, global pooling, one linear layer.

The convolutions are named as torchvision's (`vgg19_bn`), and compute the same.
"""

from torch import nn

from lottery.catalogue.networks.vgg import CHANNELS
from lottery.models.feedforward import Feedforward
from lottery.models.initial import kaiming, small_normal
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """Stages of 3x3 convolutions, with a pooling after each of the first `pools`, or of all."""
    layers: list[nn.Module] = []
    before = 3
    for stage, convolutions in enumerate(CHANNELS[architecture.depth]):
        width = min(2**stage, 8) * architecture.width
        for _ in range(convolutions):
            layers.append(nn.Conv2d(before, width, 3, padding=1))
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            before = width
        if architecture.pools is None or stage < architecture.pools:
            layers.append(nn.MaxPool2d(2, stride=2))
    features = nn.Sequential(*layers)
    kaiming(features)
    return Feedforward(features, 1, classifier(architecture, before, outputs))


def classifier(architecture: Architecture, features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head: normal weights of 0.01, no biases, as torchvision's."""
    layer = nn.Linear(features, outputs)
    small_normal(layer)
    return layer
