"""What a pruning criterion that runs the network gets to run."""

from dataclasses import dataclass

from torch import nn

from lottery.data.sources import Source
from lottery.specs import Recipe
from lottery.tasks import Task


@dataclass(frozen=True)
class Examples:
    """A round's training again, at its end."""

    model: nn.Module
    """With W*, pruned weights being zero, on the source's device."""
    task: Task
    source: Source
    recipe: Recipe
    seed: int
