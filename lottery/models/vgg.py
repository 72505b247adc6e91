"""The modified VGG of Morcos et al. (2019): batch norm, global pooling, one linear layer."""

from typing import cast

from torch import Tensor, nn
from torchvision.models.vgg import VGG, cfgs, make_layers

from lottery.specs import Architecture

CONFIGURATION = {11: "A", 13: "B", 16: "D", 19: "E"}


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """Torchvision's convolutions and initialisation; the final MLP is one linear layer."""
    layers: list[str | int] = [
        layer if isinstance(layer, str) else layer * architecture.width // 64
        for layer in cfgs[CONFIGURATION[architecture.depth]]
    ]
    if architecture.pools is not None:
        for place in [i for i, layer in enumerate(layers) if layer == "M"][architecture.pools :]:
            layers[place] = ""
        layers = [layer for layer in layers if layer]
    model = VGG(make_layers(layers, batch_norm=True), init_weights=False)
    model.avgpool = nn.AdaptiveAvgPool2d((1, 1))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(cast(Tensor, module.bias))
    model.classifier = classifier(8 * architecture.width, outputs)
    return model


def classifier(features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head: normal weights of 0.01, no biases, as torchvision's."""
    layer = nn.Linear(features, outputs)
    nn.init.normal_(layer.weight, 0, 0.01)
    nn.init.zeros_(layer.bias)
    return layer
