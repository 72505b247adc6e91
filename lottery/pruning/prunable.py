"""Which weights can be pruned: convolutions and linear layers but the last (Section 3.2)."""

from collections.abc import Mapping

from torch import Tensor, nn

from lottery.models import head


def prunable(model: nn.Module, convolutions: int | None = None) -> dict[str, Tensor]:
    """Parameters by name, in the network's order; no biases, no batch norm, not the classifier.

    With `convolutions`, only those of so many first convolutions, counting the ones of downsampling
    shortcuts where they stand (Appendix C).
    """
    last = head(model)
    found = {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and name != last
    }
    return scope(found, convolutions)


def scope(weights: Mapping[str, Tensor], convolutions: int | None) -> dict[str, Tensor]:
    """Of all prunable weights, in the network's order, those that are to be pruned."""
    if convolutions is None:
        return dict(weights)
    first = [name for name, weight in weights.items() if weight.dim() == 4][:convolutions]
    return {name: weights[name] for name in first}
