"""Semi-supervised S4L-RotNet (Zhai et al., 2019; Section 4.3): few labels, all images."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lottery.data.batches import UNLABELLED
from lottery.data.sources import View
from lottery.specs import Recipe
from lottery.tasks.labels import entropy, largest
from lottery.tasks.rotnet import rotations


class Task:
    """Cross-entropy of the labelled images, in all four rotations, plus RotNet's of all images.

    A batch is half labelled images, half any; an image without a label has `UNLABELLED`. The head
    holds the class logits and then four rotation logits. Accuracy, in training and in tests, is
    that of the classes of upright images.
    """

    views = 4
    crops = 1
    hides_labels = True
    compares_views = False

    def __init__(self, recipe: Recipe) -> None:
        self._weight = recipe.rotation_weight

    def outputs(self, classes: int) -> int:
        """Class logits and rotation logits."""
        return classes + 4

    def supervise(self, labels: Tensor, seed: int) -> Tensor:
        """The labels as they are: those that may not be read are gone already."""
        return labels

    def examples(
        self, view: View, labels: Tensor, stream: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Four rotations of each image; targets (4 * B, 2) are label and rotation."""
        rotated, rotation = rotations(view())
        return rotated, torch.stack([labels.repeat(4), rotation], dim=1)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The sum of both losses; the second is weighted by the recipe's `rotation_weight`."""
        labels, rotation = targets.unbind(1)
        supervised = cross_entropy(outputs[:, :-4], labels, ignore_index=UNLABELLED)
        return supervised + self._weight * cross_entropy(outputs[:, -4:], rotation)

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Top-1 of the classes, of upright images of which the label is known."""
        labels = targets[: len(targets) // 4, 0]  # the first of the four is upright
        known = (labels != UNLABELLED).nonzero().flatten()  # once: this synchronises with a GPU
        return outputs[known, :-4].argmax(1) == labels[known]

    def indifferent(self, labels: Tensor) -> float | None:
        """The loss of one constant answer for labels and one for rotations."""
        return entropy(labels) + self._weight * math.log(4)

    def chance(self, labels: Tensor) -> float:
        """The fraction of the largest class."""
        return largest(labels)

    def answers(self, outputs: Tensor) -> Tensor:
        """The class that each output says, (n, 1)."""
        return outputs[:, :-4].argmax(1, keepdim=True)

    def collapsed(self, likeness: float) -> bool:
        """Never: no views are compared."""
        return False
