"""The input of a pruning criterion that runs the network."""

from dataclasses import dataclass

from torch import nn

from lottery.data.sources import Source
from lottery.specs import Recipe
from lottery.tasks import Task


@dataclass(frozen=True)
class Examples:
    """A round's training, as it was at its end."""

    model: nn.Module
    """The network with W*, pruned weights being zero, on the source's device."""
    task: Task
    source: Source
    recipe: Recipe
    seed: int
