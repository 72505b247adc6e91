"""The mask of a found ticket, whose weights are drawn anew."""

from lottery.pruning.baselines import Given
from lottery.pruning.mask import Mask


def mask(given: Given) -> Mask:
    """That of the found ticket."""
    return given.found()
