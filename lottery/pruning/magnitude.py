"""Magnitude-based unstructured iterative pruning, by exact count (Section 3.1)."""

from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from lottery.errors import LotteryError
from lottery.pruning.mask import Mask, flat


def remaining_after(total: int, rate: float, rounds: int) -> int:
    """Weights that remain of `total` after so many rounds; each prunes `rate` of the remainder."""
    exact = Fraction(str(rate))  # 0.2 means one fifth, not its nearest binary fraction
    for _ in range(rounds):
        total -= round(exact * total)
    return total


def prune(weights: dict[str, Tensor], mask: Mask, rate: float) -> Mask:
    """The next round's mask: without the smallest `rate` of the weights that remain, globally.

    `weights` are all prunable ones by name, in the network's order. Weights of equal magnitude are
    pruned in that order, so that the count is exact even where most weights are zero.

    Raises: LotteryError if the mask is of another network, or a weight is not finite.
    """
    mask.check_fits(weights)
    count = mask.remaining - remaining_after(mask.remaining, rate, 1)
    return Mask(mask.shapes, drop_smallest(flat(weights).abs(), mask.kept, count))


def drop_smallest(magnitudes: Tensor, kept: Tensor, count: int) -> Tensor:
    """`kept` (bool, n) without its `count` smallest `magnitudes` (float, n); ties by index.

    O(n): a partition finds the threshold, which is then spent exactly.
    """
    places = np.flatnonzero(kept.numpy())
    values = magnitudes.numpy()[places]
    if not np.isfinite(values).all():
        raise LotteryError("cannot prune: a weight is not finite")
    if count == 0:
        return kept.clone()
    threshold = np.partition(values, count - 1)[count - 1]
    below = values < threshold
    ties = np.flatnonzero(values == threshold)[: count - int(below.sum())]
    result = kept.clone()
    result[torch.from_numpy(places[below])] = False
    result[torch.from_numpy(places[ties])] = False
    return result
