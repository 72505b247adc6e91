"""AlexNet (Krizhevsky et al., 2012) in three variants, at any width.

- `deepcluster` has the channels of 2012, batch norm after each convolution, dropout, and weights
  drawn as in DeepCluster's code (Caron et al., 2018; of the first author of the paper).
- `rotnet` has torchvision's channels, batch norm after each convolution and each hidden linear
  layer, and no dropout, as RotNet's code (Gidaris et al., 2018), which leaves weights to torch.
- `torchvision` is torchvision's: it has no batch norm, and at full width computes the same.

Parameters are named as torchvision names those of a network of these layers.
"""

import itertools

from torch import nn

from lottery.catalogue.networks.alexnet import POOLED, channels, hidden, pooled, variant
from lottery.models.feedforward import Feedforward
from lottery.models.initial import kaiming, small_normal
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """`stem: small` is for small images: its first convolution is 3x3 without stride."""
    side = pooled(architecture)
    units = [channels(architecture)[-1] * side**2, hidden(architecture), hidden(architecture)]
    top = [*_hidden_layers(architecture, units), classifier(architecture, units[-1], outputs)]
    model = Feedforward(nn.Sequential(*_features(architecture)), side, nn.Sequential(*top))
    if architecture.variant == "deepcluster":
        kaiming(model)
        small_normal(model)
    return model


def _features(architecture: Architecture) -> list[nn.Module]:
    """Five convolutions, each with what follows it."""
    counts = channels(architecture)
    first = (
        nn.Conv2d(3, counts[0], 3, padding=1)
        if architecture.stem == "small"
        else nn.Conv2d(3, counts[0], 11, stride=4, padding=2)
    )
    second = nn.Conv2d(counts[0], counts[1], 5, padding=2)
    others = (
        nn.Conv2d(before, after, 3, padding=1) for before, after in itertools.pairwise(counts[1:])
    )
    layers: list[nn.Module] = []
    for number, convolution in enumerate([first, second, *others]):
        layers.append(convolution)
        if variant(architecture).batch_norm:
            layers.append(nn.BatchNorm2d(convolution.out_channels))
        layers.append(nn.ReLU(inplace=True))
        if number in POOLED[: architecture.pools]:
            layers.append(nn.MaxPool2d(3, stride=2))
    return layers


def _hidden_layers(architecture: Architecture, units: list[int]) -> list[nn.Module]:
    """Two linear layers, each with what stands before and after it."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(units):
        if variant(architecture).hidden_batch_norm:
            layers += [nn.Linear(before, after, bias=False), nn.BatchNorm1d(after)]
        else:
            layers += [nn.Dropout(), nn.Linear(before, after)]
        layers.append(nn.ReLU(inplace=True))
    return layers


def classifier(architecture: Architecture, features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head: as DeepCluster's, or by torch's defaults."""
    layer = nn.Linear(features, outputs)
    if architecture.variant == "deepcluster":
        small_normal(layer)
    return layer
