"""Exemplar (Dosovitskiy et al., 2016) by a triplet margin loss (Doersch and Zisserman, 2017)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from lottery.data.sources import View
from lottery.specs import Exemplar, Recipe


class Task:
    """Two views of one image are nearer to each other than to a view of another image."""

    views = 2
    crops = 2
    hides_labels = False
    compares_views = True

    def __init__(self, recipe: Recipe) -> None:
        self._settings = recipe.exemplar or Exemplar()
        self._loss = nn.TripletMarginWithDistanceLoss(
            distance_function=cosine_distance, margin=self._settings.margin
        )

    def outputs(self, classes: int) -> int:
        """Size of the embedding."""
        return self._settings.embedding

    def supervise(self, labels: Tensor, seed: int) -> Tensor:
        """Labels are never read: each image is its own class."""
        return torch.arange(len(labels), device=labels.device)

    def examples(
        self, view: View, labels: Tensor, stream: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Two views of each image, the second after the first, and which image each is of."""
        return torch.cat([view(), view()]), labels.repeat(2)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over images of max(0, d(anchor, positive) - d(anchor, negative) + margin)."""
        nearest = self._settings.negatives == "nearest"
        loss: Tensor = self._loss(*(_nearest if nearest else _next)(outputs))
        return loss

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Whether the positive is nearer to its anchor than a view of another image.

        It is any other image, whichever negatives the loss takes, so that accuracies are comparable
        between both and across sizes of micro-batches.
        """
        anchors, positives, negatives = _next(outputs)
        return cosine_distance(anchors, positives) < cosine_distance(anchors, negatives)

    def indifferent(self, labels: Tensor) -> float | None:
        """The margin; None for `nearest`, as that negative may well be nearer than the positive."""
        return None if self._settings.negatives == "nearest" else self._settings.margin

    def chance(self, labels: Tensor) -> float:
        """One half: either view may be the nearer one."""
        return 0.5

    def answers(self, outputs: Tensor) -> Tensor:
        """The embedding itself."""
        return outputs

    def collapsed(self, likeness: float) -> bool:
        """Whether all embeddings have collapsed to one: the loss is then the margin.

        True if two are on average less than a twentieth of the margin apart in cosine distance.
        """
        return 1 - likeness < self._settings.margin / 20


def _next(outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Anchors, positives and negatives, each (B, embedding); the images are in random order."""
    anchors, positives = outputs.chunk(2)
    return anchors, positives, positives.roll(1, dims=0)


def _nearest(outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same, with the negative that is most like the anchor."""
    anchors, positives = outputs.chunk(2)
    with torch.no_grad():
        similarity = normalize(anchors) @ normalize(positives).T
        nearest = similarity.fill_diagonal_(-torch.inf).argmax(1)
    return anchors, positives, positives[nearest]


def cosine_distance(one: Tensor, other: Tensor) -> Tensor:
    """1 - cos of each pair of rows, (B,)."""
    return 1 - cosine_similarity(one, other)
