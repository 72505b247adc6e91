"""Masks of baselines: each has as many weights as a found ticket in the same round.

One module per kind, with `mask(given) -> Mask`, so that editing one reruns nothing of the others.
Random ones prune along a random order of positions: the masks of successive rounds are nested.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from lottery.catalogue import module
from lottery.pruning.mask import Mask


@dataclass(frozen=True)
class Given:
    """What the mask of a round can be made from."""

    dense: Mask
    """Of round 0: all weights that can be pruned."""
    fraction: float
    """Of the remaining weights, that a round prunes."""
    round: int
    seed: int
    trained: Callable[[], Mapping[str, Tensor]]
    """Reads the prunable weights of the dense training that the baseline names."""
    zero_threshold: float
    """Up to which magnitude these count as zeroed; 0 if the baseline names no training."""
    found: Callable[[], Mask]
    """Reads the mask that the found ticket has in this round."""


def mask(kind: str, given: Given) -> Mask:
    """That of a kind of baseline."""
    made = importlib.import_module(f"lottery.pruning.baselines.{module(kind)}")
    result: Mask = made.mask(given)
    return result
