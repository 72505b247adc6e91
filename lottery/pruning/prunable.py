"""Which weights can be pruned: convolutions and linear layers but the last (Section 3.2)."""

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
    if convolutions is None:
        return found
    first = [name for name, weight in found.items() if weight.dim() == 4][:convolutions]
    return {name: found[name] for name in first}
