"""Label classification: cross-entropy on the data set's own labels."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lottery.data.batches import UNLABELLED
from lottery.data.sources import View
from lottery.specs import Recipe


class Task:
    """See `lottery.tasks.Task`."""

    views = 1
    crops = 1
    hides_labels = False
    compares_views = False

    def __init__(self, recipe: Recipe) -> None:
        pass

    def outputs(self, classes: int) -> int:
        """One logit per class."""
        return classes

    def supervise(self, labels: Tensor, seed: int) -> Tensor:
        """The labels as they are."""
        return labels

    def examples(
        self, view: View, labels: Tensor, stream: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """One view of each image and its label."""
        return view(), labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        return cross_entropy(outputs, targets)

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Top-1."""
        return outputs.argmax(1) == targets

    def indifferent(self, labels: Tensor) -> float | None:
        """The loss if each class has its frequency as probability."""
        return entropy(labels)

    def chance(self, labels: Tensor) -> float:
        """The fraction of the largest class."""
        return largest(labels)

    def answers(self, outputs: Tensor) -> Tensor:
        """The class that each output says, (n, 1)."""
        return outputs.argmax(1, keepdim=True)

    def collapsed(self, likeness: float) -> bool:
        """Never: no views are compared."""
        return False


def entropy(labels: Tensor) -> float:
    """The entropy of the class frequencies among the known labels, in nats."""
    counts = labels[labels != UNLABELLED].bincount()
    return torch.distributions.Categorical(counts.double()).entropy().item()


def largest(labels: Tensor) -> float:
    """The fraction (0..1) that the largest class has of the known labels."""
    known = labels[labels != UNLABELLED]
    return int(known.bincount().max()) / len(known)
