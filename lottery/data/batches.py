"""The order in which a training sees its images."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lottery import seeds
from lottery.data.datasets import Images

UNLABELLED = -1
"""The label of an image whose label may not be read."""


class Batches:
    """Shuffled batches of resident images.

    Where some images are `UNLABELLED`, each batch is half any images without their labels and half
    labelled ones, which repeat as often as the epoch needs them (Zhai et al., 2019).

    The order of epoch e depends on (seed, e) alone, so a training can start at any epoch. Every
    image is seen once an epoch; the last batch may be smaller. A single left-over image joins the
    batch before it, for batch normalisation cannot train on one sample.
    """

    def __init__(self, images: Images, batch_size: int, seed: int) -> None:
        self._images = images
        self._seed = seed
        labelled = torch.nonzero(images.labels != UNLABELLED).flatten()
        self._labelled = labelled if len(labelled) < len(images.labels) else None
        if self._labelled is not None:
            batch_size = max(2, batch_size // 2)
        count = len(images.labels)
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

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of (pixels, labels) on the images' device, from the `first` of an epoch on.

        Both are counted from 0.
        """
        stream = seeds.generator(self._seed, "order", number)
        order = torch.randperm(len(self._images.labels), generator=stream)
        order = order.to(self._images.labels.device)
        again = self._labelled_order(number)
        for start, end in self._bounds[first:]:
            chosen, labels = order[start:end], self._images.labels[order[start:end]]
            if again is not None:
                chosen = torch.cat([again[start:end], chosen])
                labels = torch.cat(
                    [self._images.labels[again[start:end]], torch.full_like(labels, UNLABELLED)]
                )
            yield self._images.pixels[chosen], labels

    def _labelled_order(self, number: int) -> Tensor | None:
        """Labelled indices, as many as there are images: shuffled anew each time round."""
        if self._labelled is None:
            return None
        stream = seeds.generator(self._seed, "labelled order", number)
        rounds = -(-len(self._images.labels) // len(self._labelled))
        orders = [torch.randperm(len(self._labelled), generator=stream) for _ in range(rounds)]
        return self._labelled[torch.cat(orders).to(self._labelled.device)]
