"""Pruned weights stay exactly zero through momentum, Adam and weight decay."""

import torch
from torch import Tensor, nn

from lottery.errors import LotteryError
from lottery.pruning.mask import Mask


class Masking:
    """Holds a network at m * W while it trains with a fresh optimizer.

    Zero weights with zero gradients have zero momentum, zero Adam moments and zero L2 decay, so
    clearing the gradients before each update is enough; `check` asserts it.
    """

    def __init__(self, model: nn.Module, mask: Mask) -> None:
        weights = {name: model.get_parameter(name) for name in mask.shapes}
        mask.check_fits(weights)
        self._weights = list(weights.values())
        self._masks = [
            torch.empty_like(weight, requires_grad=False).copy_(kept)  # in the weight's layout
            for kept, weight in zip(mask.layers().values(), self._weights, strict=True)
        ]
        with torch.no_grad():
            for weight, kept in zip(self._weights, self._masks, strict=True):
                weight.masked_fill_(kept == 0, 0.0)

    @torch.no_grad()
    def clear_gradients(self) -> None:
        """Zero the gradients of pruned weights; call between backward and the update."""
        gradients: list[Tensor] = [w.grad for w in self._weights if w.grad is not None]
        torch._foreach_mul_(gradients, self._masks)

    @torch.no_grad()
    def check(self) -> None:
        """Raises: LotteryError if any pruned weight is no longer exactly zero."""
        revived = sum(
            int(((weight != 0) & (kept == 0)).sum())
            for weight, kept in zip(self._weights, self._masks, strict=True)
        )
        if revived:
            raise LotteryError(f"{revived} pruned weights are not zero after training")
