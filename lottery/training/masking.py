"""Pruned weights stay exactly zero through momentum, Adam and weight decay."""

import torch
from torch import nn

from lottery.errors import LotteryError
from lottery.pruning.mask import Mask

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}
"""The integer type with as many bits as a weight."""


class Masking:
    """Holds a network at m * W while it trains with a fresh optimizer.

    Zero weights with zero gradients have zero momentum, zero Adam moments and zero L2 decay, so
    clearing the gradients before each update is enough; `check` asserts it.

    A gradient is cleared by multiplying its bits, read as an integer, by 0 or 1: an infinite one
    times the float 0 would be NaN, and would end the training as diverged. It costs what the
    multiplication of floats costs, a fifth of `masked_fill_` on a CPU.
    """

    def __init__(self, model: nn.Module, mask: Mask) -> None:
        weights = {name: model.get_parameter(name) for name in mask.shapes}
        mask.check_fits(weights)
        self._weights = list(weights.values())
        self._masks = [  # in the layout of the weights
            torch.empty_like(weight, dtype=BITS[weight.dtype], requires_grad=False).copy_(kept)
            for kept, weight in zip(mask.layers().values(), self._weights, strict=True)
        ]
        with torch.no_grad():
            for weight, kept in zip(self._weights, self._masks, strict=True):
                weight.masked_fill_(kept == 0, 0.0)

    @torch.no_grad()
    def clear_gradients(self) -> None:
        """Zero the gradients of pruned weights; call between backward and the update."""
        gradients = [w.grad.view(BITS[w.dtype]) for w in self._weights if w.grad is not None]
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
