"""Random tickets: masks with the same count as a found one's, at random positions.

Both baselines prune along one random order of all positions, so that the masks of successive
rounds are nested. Keeping the last n positions of a uniformly random order is a global permutation
of any mask with n weights (Section 3.2); hence neither baseline needs the found masks themselves.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lottery import seeds
from lottery.pruning.mask import Mask, flat
from lottery.pruning.selection import remaining_after


def random_mask(dense: Mask, fraction: float, rounds: int, seed: int) -> Mask:
    """A mask with the count after `rounds`, uniformly random over all that `dense` keeps."""
    return _keep_last(dense, _order(dense, seed), remaining_after(dense.total, fraction, rounds))


def adjusted_random_mask(
    dense: Mask,
    weights: Mapping[str, Tensor],
    zero_threshold: float,
    fraction: float,
    rounds: int,
    seed: int,
) -> Mask:
    """A random mask that first prunes the weights which the dense training zeroed (Section 4.5).

    Of the dense trained `weights` (all prunable ones) those with |w| <= `zero_threshold` count as
    zeroed. They are pruned first, in random order: up to the network's natural sparsity only zeroed
    weights are pruned, beyond it all of them and a random draw of the rest.
    """
    dense.check_fits(weights)
    order = _order(dense, seed)
    zeroed = (flat(weights).abs() <= zero_threshold)[order]
    order = torch.cat([order[zeroed], order[~zeroed]])
    return _keep_last(dense, order, remaining_after(dense.total, fraction, rounds))


def _order(dense: Mask, seed: int) -> Tensor:
    """The positions of all that `dense` keeps, in random order."""
    order = torch.randperm(len(dense.kept), generator=seeds.generator(seed, "random mask"))
    return order[dense.kept[order]]


def _keep_last(dense: Mask, order: Tensor, remaining: int) -> Mask:
    kept = torch.zeros_like(dense.kept)
    kept[order[dense.total - remaining :]] = True
    return dense.keeping(kept)
