"""The mask of a random ticket that is adjusted for a network's natural zeros (Section 4.5)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lottery.pruning.baselines import Given
from lottery.pruning.baselines.random import keep_last, order
from lottery.pruning.mask import Mask, flat
from lottery.pruning.selection import remaining_after


def mask(given: Given) -> Mask:
    """See `adjusted_random_mask`."""
    weights = given.trained()
    return adjusted_random_mask(
        given.dense, weights, given.zero_threshold, given.fraction, given.round, given.seed
    )


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
    drawn = order(dense, seed)
    zeroed = (flat(weights).abs() <= zero_threshold)[drawn]
    drawn = torch.cat([drawn[zeroed], drawn[~zeroed]])
    return keep_last(dense, drawn, remaining_after(dense.total, fraction, rounds))
