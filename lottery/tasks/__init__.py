"""Generation tasks: what a network is trained on while its ticket is found (Section 3.1).

One module per task, named as in the config. Each offers a class `Task`, made from a recipe.
"""

import importlib
from typing import Protocol, cast

import torch
from torch import Tensor

from lottery.catalogue import module
from lottery.data.sources import View
from lottery.specs import Recipe


class Task(Protocol):
    """A loss over batches of images; evaluation always uses the task `labels`."""

    views: int
    """Network inputs per image."""
    crops: int
    """How many views of each image `examples` draws."""
    hides_labels: bool
    """Whether it trains on all images, but may read the labels of the drawn subset only: half of
    each batch have one."""
    compares_views: bool
    """Whether it is tested on augmented images too, as its views differ by nothing else."""

    def outputs(self, classes: int) -> int:
        """Size of the network's head for a data set of `classes` classes."""
        ...

    def supervise(self, labels: Tensor, seed: int) -> Tensor:
        """The labels (N,) of the training images, fixed for all epochs."""
        ...

    def examples(
        self, view: View, labels: Tensor, stream: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Network inputs, uint8 (B * views, 3, H, W), and targets for a micro-batch of B images.

        Whatever is random in them is drawn from `stream`, on the device of the images. It derives
        from the seed and the number of the micro-batch, so that a training that is resumed, or
        shared by several processes, draws the same.
        """
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss, a scalar."""
        ...

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Which examples the network gets right: bool, one for each that is evaluated."""
        ...

    def indifferent(self, labels: Tensor) -> float | None:
        """The least loss of a network with one constant answer, given all labels (N,).

        None if a network that has learned may have the same loss.
        """
        ...

    def chance(self, labels: Tensor) -> float:
        """The accuracy (0..1) of the best constant answer, given the labels (N,) of all images."""
        ...

    def answers(self, outputs: Tensor) -> Tensor:
        """What the outputs (n, size of the head) say, (n, m): a dead network says one thing."""
        ...

    def collapsed(self, likeness: float) -> bool:
        """Whether the embeddings of all images are so alike that views cannot be compared.

        `likeness` is the mean cosine similarity of the outputs for any two images.
        """
        ...


def make(name: str, recipe: Recipe) -> Task:
    """The task of that name (`permuted-labels` is in `permuted_labels.py`)."""
    found = importlib.import_module(f"lottery.tasks.{module(name)}")
    return cast(Task, found.Task(recipe))
