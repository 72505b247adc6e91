"""Pruning criteria: each scores the prunable weights; those with the lowest scores are pruned.

One module per criterion, with `scores(trained) -> Tensor`: float32 (n,), a number for every weight
in the network's order, pruned ones included; `lottery.pruning.selection` prunes the lowest. The
table `lottery.catalogue.criteria` lists the criteria, and what each reads.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lottery.catalogue import module


@dataclass(frozen=True)
class Trained:
    """The outcome of a round's training: all prunable weights by name, in the network's order."""

    weights: Mapping[str, Tensor]
    """W*; pruned ones are zero."""
    early: Mapping[str, Tensor] | None = None
    """W_k that the training started from; pruned ones are zero. Only if the criterion asks."""
    examples: Any = None
    """`lottery.pruning.examples.Examples`, only if the criterion asks. Importing the type would
    make all code that trains networks code of every mask."""


def scored(criterion: str, trained: Trained) -> Tensor:
    """How much each weight matters to a criterion, float32 (n,)."""
    found = importlib.import_module(f"lottery.pruning.criteria.{module(criterion)}")
    result: Tensor = found.scores(trained)
    return result
