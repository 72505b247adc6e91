"""The order in which a training sees its images."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lottery import seeds
from lottery.data.datasets import Images


class Batches:
    """Shuffled batches of resident images.

    The order of epoch e depends on (seed, e) alone, so a training can start at any epoch. Every
    image is seen once an epoch; the last batch may be smaller. A single left-over image joins the
    batch before it, for batch normalisation cannot train on one sample.
    """

    def __init__(self, images: Images, batch_size: int, seed: int) -> None:
        self._images = images
        self._seed = seed
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
        return [end - start for start, end in self._bounds]

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of (pixels, labels) on the images' device, for one epoch (counted from 0)."""
        stream = seeds.generator(self._seed, "order", number)
        order = torch.randperm(len(self._images.labels), generator=stream)
        order = order.to(self._images.labels.device)
        for start, end in self._bounds:
            chosen = order[start:end]
            yield self._images.pixels[chosen], self._images.labels[chosen]
