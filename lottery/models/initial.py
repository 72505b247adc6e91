"""Initial weights that are not torch's defaults."""

from torch import nn


def kaiming(model: nn.Module) -> None:
    """Draw the weights of all convolutions as He et al. (2015) do, for their outputs; no biases.

    Of a skeleton, which has no storage, nothing is drawn: torch would import its compiler to do so.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def small_normal(model: nn.Module) -> None:
    """Draw the weights of all linear layers from N(0, 0.01^2); no biases. As in `kaiming`."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.is_meta:
            nn.init.normal_(module.weight, 0, 0.01)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
