"""The order in which a training sees its images, and which process sees which of them."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lottery import seeds
from lottery.specs import batch_sizes

UNLABELLED = -1
"""The label of an image whose label may not be read."""


class MicroBatch(NamedTuple):
    """Images that go through the network together: a batch, or one part of it."""

    indices: Tensor
    """int64 (n,) into the images of the split."""
    labels: Tensor
    """int64 (n,)."""
    number: int
    """Its number in the training, which with the seed determines what is drawn for it."""
    weight: float
    """Its fraction of the batch, by which its loss is weighted."""
    first: bool = True
    """Whether it is its process's first one of the batch."""
    last: bool = True
    """Whether it is its process's last one of the batch: an update follows it."""


class MicroBatches(NamedTuple):
    """Successive micro-batches, and the number of images in the largest."""

    each: Iterator[MicroBatch]
    largest: int


class Batches:
    """Shuffled batches of images, given their `labels`, each divided into `parts`.

    Every image is seen once an epoch, in batches of `lottery.specs.batch_sizes`.

    With `hidden` labels half of each batch are images that have a label, and an epoch is one pass
    over these, as in the code of Zhai et al. (2019). The other half are any images, without their
    labels, from a stream that continues across epochs and is reshuffled once all were seen.

    The order of epoch e depends on (seed, e) only, that of pass p of the stream on (seed, p), and
    the position in the stream on the number of the update: a training can start at any update.
    """

    def __init__(
        self, labels: Tensor, batch_size: int, seed: int, parts: int = 1, hidden: bool = False
    ) -> None:
        self._labels = labels
        self._seed = seed
        self._parts = parts
        self._halves = 2 if hidden else 1
        images = torch.arange(len(labels), device=labels.device)
        self._counted = images[labels != UNLABELLED] if hidden else images
        self.sizes = batch_sizes(len(self._counted), batch_size, hidden)
        """Images in each batch of an epoch."""
        ends = itertools.accumulate((size // self._halves for size in self.sizes), initial=0)
        self._bounds = list(itertools.pairwise(ends))

    def __len__(self) -> int:
        """Updates per epoch."""
        return len(self._bounds)

    @property
    def usual(self) -> int:
        """Images in a micro-batch of a full batch."""
        return self._most(self.sizes[0])

    @property
    def largest(self) -> int:
        """Images in the largest micro-batch."""
        return max(map(self._most, self.sizes))

    def _most(self, size: int) -> int:
        """Images in the largest micro-batch of a batch of `size` images."""
        return self._halves * -(-size // self._halves // self._divided(size))

    def _divided(self, size: int) -> int:
        """The number of micro-batches of a batch: batch norm needs two images in each."""
        return max(1, min(self._parts, size // 2))

    def micro_batches(self, first: int, last: int, rank: int = 0, world: int = 1) -> MicroBatches:
        """One process's micro-batches in the updates `first` to `last` - 1, counted from 0.

        Each of `world` processes gets every world-th micro-batch of a batch. If a small batch has
        none left for a process, it repeats the first one with weight 0, so that all processes take
        part in every all-reduce.
        """
        return MicroBatches(self._each(first, last, rank, world), self.largest)

    def _each(self, first: int, last: int, rank: int, world: int) -> Iterator[MicroBatch]:
        stream = _Stream(self._labels, self._seed)
        for update in range(first, last):
            epoch, place = divmod(update, len(self))
            if update == first or place == 0:
                order = self._order(epoch)
            start, end = self._bounds[place]
            halves = [order[start:end]]
            if self._halves == 2:
                halves.append(stream.take(epoch * len(order) + start, end - start))
            parts = self._divided(self.sizes[place])
            own = range(rank, parts, world)
            for part in own:
                yield self._part(halves, parts, part, update)._replace(
                    first=part == own[0], last=part == own[-1]
                )
            if not own:
                yield self._part(halves, parts, 0, update)._replace(weight=0.0)

    def _part(self, halves: list[Tensor], parts: int, part: int, update: int) -> MicroBatch:
        """A part of each half: labelled images have the same weight in every part."""
        mine = [half[part::parts] for half in halves]
        labels = [self._labels[mine[0]], *(torch.full_like(half, UNLABELLED) for half in mine[1:])]
        return MicroBatch(
            indices=torch.cat(mine),
            labels=torch.cat(labels),
            number=update * self._parts + part,
            weight=len(mine[0]) / len(halves[0]),
        )

    def _order(self, epoch: int) -> Tensor:
        stream = seeds.generator(self._seed, "order", epoch)
        order = torch.randperm(len(self._counted), generator=stream)
        return self._counted[order.to(self._counted.device)]


class _Stream:
    """An endless stream of all images, reshuffled on each pass."""

    def __init__(self, labels: Tensor, seed: int) -> None:
        self._count, self._device, self._seed = len(labels), labels.device, seed
        self._pass, self._order = -1, torch.empty(0, dtype=torch.long)

    def take(self, start: int, count: int) -> Tensor:
        """The `count` images of the stream from position `start`, int64 (count,)."""
        taken = []
        while count:
            number, place = divmod(start, self._count)
            taken.append(self._shuffled(number)[place : place + count])
            start, count = start + len(taken[-1]), count - len(taken[-1])
        return torch.cat(taken)

    def _shuffled(self, number: int) -> Tensor:
        if number != self._pass:
            stream = seeds.generator(self._seed, "unlabelled order", number)
            order = torch.randperm(self._count, generator=stream)
            self._pass, self._order = number, order.to(self._device)
        return self._order


def in_order(
    labels: Tensor, size: int, rank: int = 0, world: int = 1, seed: int | None = None
) -> MicroBatches:
    """All images once, in micro-batches of `size` that are divided among `world` processes.

    `labels` are those of the images, int64 (N,). With a `seed` their order is drawn from it. A
    single left-over image joins the micro-batch before it: a task that compares images needs
    another one.
    """
    places = torch.arange(len(labels), device=labels.device)
    if seed is not None:
        stream = seeds.generator(seed, "test order")
        places = torch.randperm(len(labels), generator=stream).to(labels.device)
    parts = list(places.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    each = (
        MicroBatch(indices, labels[indices], number, len(indices) / len(labels))
        for number, indices in enumerate(parts)
        if number % world == rank
    )
    return MicroBatches(each, max(map(len, parts)))
