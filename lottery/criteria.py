"""The pruning criteria by name, and what each reads. A table for rules and specs, without torch.

The scores of criterion `some-name` are computed in `lottery.pruning.criteria.some_name`.
"""

from typing import NamedTuple


class Criterion(NamedTuple):
    """What a criterion needs beside W*, the weights that a round's training ended with."""

    early: bool = False
    """W_k, the weights that the round's training started from."""
    examples: bool = False
    """The training images and a network to run, on the device of a training."""


CRITERIA = {
    "magnitude": Criterion(),
    "magnitude-increase": Criterion(early=True),
}


def criterion(name: str) -> Criterion:
    """Its entry.

    Raises: ValueError naming those that there are.
    """
    if name not in CRITERIA:
        raise ValueError(f"no criterion {name!r}, choose of {', '.join(CRITERIA)}")
    return CRITERIA[name]


def module(name: str) -> str:
    """Where a criterion's scores are computed."""
    return f"lottery.pruning.criteria.{name.replace('-', '_')}"
