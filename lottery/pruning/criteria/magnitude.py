"""The magnitude of the trained weight (Section 3.1)."""

from torch import Tensor

from lottery.pruning.criteria import Trained
from lottery.pruning.mask import flat


def scores(trained: Trained) -> Tensor:
    """|W*|."""
    return flat(trained.weights).float().abs_()
