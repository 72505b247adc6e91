"""How much a weight's magnitude grew in training ("magnitude increase" of Zhou et al., 2019)."""

from torch import Tensor

from lottery.pruning.criteria import Trained
from lottery.pruning.mask import flat


def scores(trained: Trained) -> Tensor:
    """|W*| - |W_k|; it can be negative."""
    assert trained.early is not None  # the table asks for it
    return flat(trained.weights).float().abs_().sub_(flat(trained.early).float().abs_())
