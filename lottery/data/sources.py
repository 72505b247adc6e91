"""Where the pixels of a split come from: memory, or files that are decoded at each use.

Both draw the same random changes for a micro-batch from (seed, its number) only: whichever loader
decodes, and wherever a training starts, the images are cropped and changed alike.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from lottery import seeds
from lottery.data.augment import augment, change
from lottery.data.batches import MicroBatch, MicroBatches
from lottery.data.boxes import centre_boxes, in_pixels, random_boxes
from lottery.data.datasets import Images, Listing
from lottery.data.loaders import Crops, Loader
from lottery.specs import Augmentation, ImageFormat

View = Callable[[], Tensor]
"""Draws an augmented copy of a micro-batch's images, anew at each call: uint8 (n, 3, H, H)."""


class Source(Protocol):
    """The images of one split, as a network is to see them."""

    labels: Tensor
    """int64 (N,)."""
    dataset: ImageFormat
    device: torch.device
    """Where views are."""

    def views(
        self, micro_batches: MicroBatches, how: Augmentation, crops: int, seed: int, purpose: str
    ) -> Iterator[tuple[MicroBatch, View]]:
        """Each micro-batch with a function that draws `crops` views of it, changed as `how` says.

        What is drawn derives from (seed, purpose, number of the micro-batch). Files are decoded
        ahead, so that more micro-batches may have been taken than were given out.
        """
        ...


class Resident:
    """Decoded images in the memory of the device that trains."""

    def __init__(self, images: Images, dataset: ImageFormat, device: torch.device) -> None:
        self._pixels = images.pixels.to(device)
        self.labels = images.labels.to(device)
        self.dataset = dataset
        self.device = device

    def views(
        self, micro_batches: MicroBatches, how: Augmentation, crops: int, seed: int, purpose: str
    ) -> Iterator[tuple[MicroBatch, View]]:
        """See `Source`."""
        for micro_batch in micro_batches.each:
            stream = seeds.generator(seed, purpose, micro_batch.number, device=self.device)
            pixels = self._pixels[micro_batch.indices]
            yield micro_batch, partial(augment, pixels, how, stream, self.dataset.image_size)


class Streamed:
    """Image files below `root`; `loader` decodes ahead of the training."""

    def __init__(
        self,
        listing: Listing,
        dataset: ImageFormat,
        root: Path,
        device: torch.device,
        loader: Loader,
    ) -> None:
        self._listing = listing
        self._root = root
        self._loader = loader
        self.labels = listing.labels  # few, and on the CPU, where the files' names are
        self.dataset = dataset
        self.device = device

    def views(
        self, micro_batches: MicroBatches, how: Augmentation, crops: int, seed: int, purpose: str
    ) -> Iterator[tuple[MicroBatch, View]]:
        """See `Source`."""
        ahead: deque[MicroBatch] = deque()

        def wanted() -> Iterator[Crops]:
            for micro_batch in micro_batches.each:
                ahead.append(micro_batch)
                images = self._listing.select(micro_batch.indices)
                paths = [self._root / name for name in images.names]
                stream = seeds.generator(seed, purpose, "crops", micro_batch.number)
                for _ in range(crops):
                    shares = self._boxes(micro_batch.indices, how, stream)
                    boxes = in_pixels(shares, images.sizes[:, :2])
                    yield Crops(paths, boxes, images.by_pillow.tolist())

        decoded = self._loader(
            wanted(), micro_batches.largest, self.dataset.image_size, self.device
        )
        while drawn := list(islice(decoded, crops)):
            micro_batch = ahead.popleft()
            stream = seeds.generator(seed, purpose, micro_batch.number, device=self.device)
            yield micro_batch, partial(_next, iter(drawn), how, stream)

    def _boxes(self, indices: Tensor, how: Augmentation, stream: torch.Generator) -> Tensor:
        aspects = self._listing.aspects(indices)
        if how.resized_crop:
            return random_boxes(aspects, how.resized_crop, stream)
        return centre_boxes(aspects, self.dataset.image_size / self.dataset.side)


def _next(crops: Iterator[Tensor], how: Augmentation, stream: torch.Generator) -> Tensor:
    return change(next(crops), how, stream)
