"""The pruning criteria, and what each reads."""

from typing import NamedTuple

from lottery.catalogue import Catalogue


class Criterion(NamedTuple):
    """What a criterion needs besides W*, the weights at the end of a round's training."""

    early: bool = False
    """W_k, the weights that the round's training started from."""
    examples: bool = False
    """The training images and a network to run, on the device of a training."""


CRITERIA = Catalogue(
    "criterion",
    {
        "magnitude": Criterion(),
        "magnitude-increase": Criterion(early=True),
    },
)
