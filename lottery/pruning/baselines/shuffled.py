"""A found ticket's mask, shuffled within each layer.

Not of the paper: after Frankle et al. (2021), "Pruning Neural Networks at Initialization: Why Are
We Missing the Mark?", who shuffle masks and draw weights anew one at a time. Here, as in all
baselines, the weights are drawn anew too. So against a random ticket it tells what the division of
the weights among layers is worth, and a reinitialised ticket against it, what their places are.
"""

import torch

from lottery import seeds
from lottery.errors import LotteryError
from lottery.pruning.baselines import Given
from lottery.pruning.mask import Mask


def mask(given: Given) -> Mask:
    """See `shuffled_mask`."""
    return shuffled_mask(given.found(), given.dense, given.seed)


def shuffled_mask(found: Mask, dense: Mask, seed: int) -> Mask:
    """A mask with the counts of `found` in each layer, at random among what `dense` keeps there.

    Dead taps are among these unless `dense` excludes them: a found ticket drops them first.

    Raises: LotteryError if `found` is of another network, or has more of a layer than `dense`.
    """
    found.check_fits(dense.layers())
    layers = []
    for (name, layer), allowed in zip(found.layers().items(), dense.layers().values(), strict=True):
        stream = seeds.generator(seed, "shuffled mask", name)
        order = torch.randperm(layer.numel(), generator=stream)
        order = order[allowed.flatten()[order]]
        count = int(layer.sum())
        if count > len(order):
            raise LotteryError(f"{count} weights of {name} remain, of {len(order)} at most")
        kept = torch.zeros(layer.numel(), dtype=torch.bool)
        kept[order[len(order) - count :]] = True
        layers.append(kept)
    return dense.keeping(torch.cat(layers))
