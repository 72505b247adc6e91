"""Random tickets: masks with the same count as a found one's, at random positions.

All prune along a random order of positions, so that the masks of successive rounds are nested.
Keeping the last n positions of a uniformly random order of all is a global permutation of any mask
with n weights (Section 3.2), which needs no found mask; keeping as many of each layer as a found
mask does is a permutation within layers.
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


def shuffled_mask(found: Mask, dense: Mask, seed: int) -> Mask:
    """A mask with the counts of `found` in each layer, at random among what `dense` keeps there.

    Not of the paper: what of a ticket is how its weights are divided among layers, and what is
    which weights these are (Frankle et al., "Pruning Neural Networks at Initialization", 2021).
    """
    found.check_fits(dense.layers())
    kept = []
    for (name, layer), may in zip(found.layers().items(), dense.layers().values(), strict=True):
        stream = seeds.generator(seed, "shuffled mask", name)
        order = torch.randperm(layer.numel(), generator=stream)
        order = order[may.flatten()[order]]
        kept.append(torch.zeros(layer.numel(), dtype=torch.bool))
        kept[-1][order[len(order) - int(layer.sum()) :]] = True
    return dense.keeping(torch.cat(kept))


def _order(dense: Mask, seed: int) -> Tensor:
    """The positions of all that `dense` keeps, in random order."""
    order = torch.randperm(len(dense.kept), generator=seeds.generator(seed, "random mask"))
    return order[dense.kept[order]]


def _keep_last(dense: Mask, order: Tensor, remaining: int) -> Mask:
    kept = torch.zeros_like(dense.kept)
    kept[order[dense.total - remaining :]] = True
    return dense.keeping(kept)
