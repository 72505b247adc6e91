"""The order in which a training sees its images, and who sees which of them."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lottery import seeds

UNLABELLED = -1
"""The label of an image whose label may not be read."""


class Portion(NamedTuple):
    """Images that go through the network together: a batch, or one GPU's part of it."""

    indices: Tensor
    """int64 (n,) into the images of the split."""
    labels: Tensor
    """int64 (n,)."""
    number: int
    """Of the portion among all of a training: with the seed it determines what is drawn for it."""
    weight: float
    """Its share of the batch."""


class Portions(NamedTuple):
    """Successive portions, and how many images the largest of them has."""

    each: Iterator[Portion]
    largest: int


class Batches:
    """Shuffled batches of images, given their `labels`, each divided into `parts`.

    Where some images are `UNLABELLED`, each batch is half any images without their labels and half
    labelled ones, which repeat as often as the epoch needs them (Zhai et al., 2019).

    The order of epoch e depends on (seed, e) alone, so a training can start at any update. Every
    image is seen once an epoch; the last batch may be smaller. A single left-over image joins the
    batch before it, for batch normalisation cannot train on one sample.
    """

    def __init__(self, labels: Tensor, batch_size: int, seed: int, parts: int = 1) -> None:
        self._labels = labels
        self._seed = seed
        self._parts = parts
        labelled = torch.nonzero(labels != UNLABELLED).flatten()
        self._labelled = labelled if len(labelled) < len(labels) else None
        if self._labelled is not None:
            batch_size = max(2, batch_size // 2)
        count = len(labels)
        ends = [*range(batch_size, count, batch_size), count]
        if len(ends) > 1 and ends[-1] - ends[-2] == 1:
            del ends[-2]
        self._bounds = list(zip([0, *ends], ends, strict=False))

    def __len__(self) -> int:
        """Updates per epoch."""
        return len(self._bounds)

    @property
    def sizes(self) -> list[int]:
        """Images in each batch of an epoch."""
        halves = 1 if self._labelled is None else 2
        return [halves * (end - start) for start, end in self._bounds]

    @property
    def usual(self) -> int:
        """Images of a portion of any batch but the last ones."""
        return -(-self.sizes[0] // self._divided(self.sizes[0]))

    @property
    def largest(self) -> int:
        """Images of the largest portion."""
        return max(-(-size // self._divided(size)) for size in self.sizes)

    def _divided(self, size: int) -> int:
        """How many parts a batch has: batch normalisation needs two images in each."""
        return max(1, min(self._parts, size // 2))

    def portions(
        self, first: int, last: int, rank: int = 0, world: int = 1
    ) -> Iterator[list[Portion]]:
        """For each update from `first` to before `last`, counted from 0, a process's own portions.

        Of `world` processes each has every world-th part. One for which a small batch has no part
        repeats the first one with weight 0, so that all of them take part in every update.
        """
        for update in range(first, last):
            epoch, place = divmod(update, len(self))
            if update == first or place == 0:
                order, again = self._order(epoch), self._labelled_order(epoch)
            start, end = self._bounds[place]
            chosen, labels = order[start:end], self._labels[order[start:end]]
            if again is not None:
                labels = torch.cat(
                    [self._labels[again[start:end]], torch.full_like(labels, UNLABELLED)]
                )
                chosen = torch.cat([again[start:end], chosen])
            parts = self._divided(len(chosen))
            yield [
                Portion(
                    chosen[part::parts],
                    labels[part::parts],
                    update * self._parts + part,
                    len(chosen[part::parts]) / len(chosen),
                )
                for part in range(rank, parts, world)
            ] or [Portion(chosen[::parts], labels[::parts], update * self._parts, 0.0)]

    def _order(self, epoch: int) -> Tensor:
        stream = seeds.generator(self._seed, "order", epoch)
        return torch.randperm(len(self._labels), generator=stream).to(self._labels.device)

    def _labelled_order(self, epoch: int) -> Tensor | None:
        """Labelled indices, as many as there are images: shuffled anew each time round."""
        if self._labelled is None:
            return None
        stream = seeds.generator(self._seed, "labelled order", epoch)
        rounds = -(-len(self._labels) // len(self._labelled))
        orders = [torch.randperm(len(self._labelled), generator=stream) for _ in range(rounds)]
        return self._labelled[torch.cat(orders).to(self._labelled.device)]


def in_order(labels: Tensor, size: int, rank: int = 0, world: int = 1) -> Portions:
    """All images once, in portions of `size`, of which each of `world` processes has its own."""
    places = torch.arange(len(labels), device=labels.device)
    each = (
        Portion(indices, labels[indices], number, len(indices) / len(labels))
        for number, indices in enumerate(places.split(size))
        if number % world == rank
    )
    return Portions(each, min(size, len(labels)))
