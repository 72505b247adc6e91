"""The mask of a random ticket (Section 3.2).

Keeping the last n positions of a uniformly random order is a global permutation of any mask with n
weights; hence no found mask is needed.
"""

import torch
from torch import Tensor

from lottery import seeds
from lottery.pruning.baselines import Given
from lottery.pruning.mask import Mask
from lottery.pruning.selection import remaining_after


def mask(given: Given) -> Mask:
    """See `random_mask`."""
    return random_mask(given.dense, given.fraction, given.round, given.seed)


def random_mask(dense: Mask, fraction: float, rounds: int, seed: int) -> Mask:
    """A mask with the count after `rounds`, uniformly random over all that `dense` keeps."""
    return keep_last(dense, order(dense, seed), remaining_after(dense.total, fraction, rounds))


def order(dense: Mask, seed: int) -> Tensor:
    """The positions of all that `dense` keeps, in random order."""
    drawn = torch.randperm(len(dense.kept), generator=seeds.generator(seed, "random mask"))
    return drawn[dense.kept[drawn]]


def keep_last(dense: Mask, order: Tensor, remaining: int) -> Mask:
    """The mask of the last positions of an order."""
    kept = torch.zeros_like(dense.kept)
    kept[order[dense.total - remaining :]] = True
    return dense.keeping(kept)
