"""An image folder: `ROOT/SPLIT/CLASS/*.jpg`, the same classes in both splits, by alphabet."""

import os
from functools import partial
from pathlib import Path

import torch

from lottery.data import class_folders, pictures
from lottery.data.datasets import Images, Listing, Split, check_number, require_folder
from lottery.errors import LotteryError
from lottery.specs import Dataset


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images | Listing:
    """Decode every image once, or list them where the data set is streamed.

    Decoded images are RGB: the middle square, scaled to the size kept.

    Raises: LotteryError if there are no images, or the splits' class folders differ, both before
        any image is opened; or if one cannot be read, by name.
    """
    root = require_folder(dataset, folder)
    classes = class_folders.classes(dataset, root)
    names, labels = _files(root, dataset.train if split == "train" else dataset.test, classes)
    if not dataset.train_per_class:
        check_number(dataset, split, len(names))
    paths = [root / name for name in names]
    if dataset.streamed:
        found = list(pictures.each(pictures.size, paths))
        sizes = torch.tensor([size[:3] for size in found], dtype=torch.int32)
        return Listing(names, sizes, labels, torch.tensor([size.by_pillow for size in found]))
    _fits_in_memory(dataset, len(paths))
    pixels = torch.empty((len(paths), 3, dataset.side, dataset.side), dtype=torch.uint8)
    decoded = pictures.each(partial(pictures.square, side=dataset.side), paths)
    for index, image in enumerate(decoded):
        pixels[index] = torch.from_numpy(image).permute(2, 0, 1)
    return Images(pixels, labels)


def _files(root: Path, split: str, classes: list[str]) -> tuple[list[str], torch.Tensor]:
    """Paths below `root` and labels of all images of a split."""
    names, labels = [], []
    for label, name in enumerate(classes):
        found = class_folders.images_of(root / split / name)
        names += [f"{split}/{name}/{file}" for file in found]
        labels += [label] * len(found)
    return names, torch.tensor(labels)


def _fits_in_memory(dataset: Dataset, images: int) -> None:
    needed = images * 3 * dataset.side**2
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.8 * there:
        raise LotteryError(
            f"datasets.{dataset.name}: {images:,} images of {dataset.side} pixels need "
            f"{needed / 2**30:.0f} GiB of memory, this machine has {there / 2**30:.0f}: "
            "set `streamed: true`, or choose a smaller stored_size"
        )
