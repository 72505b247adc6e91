"""Which weights can be pruned: convolutions and linear layers but the last (Section 3.2)."""

from torch import Tensor, nn

from lottery.models import head


def prunable(model: nn.Module) -> dict[str, Tensor]:
    """Parameters by name, in the network's order; no biases, no batch norm, not the classifier."""
    last = head(model)
    return {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and name != last
    }
