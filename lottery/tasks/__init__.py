"""Generation tasks: what a network is trained on while its ticket is found (Section 3.1).

One module per task, named as in the config. Each offers a class `Task`.
"""

import importlib
from typing import Protocol, cast

from torch import Tensor


class Task(Protocol):
    """A loss over batches of images; evaluation always uses the task `labels`."""

    views: int
    """Network inputs per image."""

    def outputs(self, classes: int) -> int:
        """Size of the network's head for a data set of so many classes."""
        ...

    def examples(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Network inputs (B * views, 3, H, W) and targets of an augmented batch (B, 3, H, W)."""
        ...

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean loss, a scalar."""
        ...


def make(name: str) -> Task:
    """The task of that name."""
    return cast(Task, importlib.import_module(f"lottery.tasks.{name}").Task())
