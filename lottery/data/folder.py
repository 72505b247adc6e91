"""An image folder: `ROOT/SPLIT/CLASS/*.jpg`, classes in alphabetical order."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from lottery.data.datasets import Images, Split, require_folder
from lottery.errors import LotteryError
from lottery.specs import Dataset

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp"}
DEEP = {"I", "I;16", "I;16B", "I;16L", "F"}
"""Pillow's modes of more than 8 bits a channel."""


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """Decode every image once: RGB, shorter side scaled to the size kept, centre square."""
    name = dataset.train if split == "train" else dataset.test
    root = require_folder(dataset, require_folder(dataset, folder) / name)
    classes = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    paths, labels = [], []
    for label, name in enumerate(classes):
        found = sorted(p for p in (root / name).iterdir() if p.suffix.lower() in SUFFIXES)
        if not found:
            raise LotteryError(f"datasets.{dataset.name}: no images in {root / name}")
        paths += found
        labels += [label] * len(found)
    if not paths:
        raise LotteryError(f"datasets.{dataset.name}: no class folders in {root}")
    size = dataset.side
    _fits_in_memory(dataset, len(paths))
    pixels = torch.empty((len(paths), 3, size, size), dtype=torch.uint8)
    with ThreadPoolExecutor() as pool:  # decoding releases the interpreter's lock
        for index, image in enumerate(pool.map(lambda p: _decode(p, size), paths)):
            pixels[index] = image
    return Images(pixels, torch.tensor(labels))


def _fits_in_memory(dataset: Dataset, images: int) -> None:
    needed = images * 3 * dataset.side**2
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.8 * there:
        raise LotteryError(
            f"datasets.{dataset.name}: {images:,} images of {dataset.side} pixels need "
            f"{needed / 2**30:.0f} GiB of memory, this machine has {there / 2**30:.0f}: "
            "choose a smaller stored_size"
        )


def _decode(path: Path, size: int) -> torch.Tensor:
    try:
        with Image.open(path) as file:
            if file.mode in DEEP:  # converted, all but the darkest would be white
                raise LotteryError(f"{path}: pixels of mode {file.mode}, expected 8 bits a channel")
            image = file.convert("RGB")
            if image.size != (size, size):
                scale = size / min(image.size)
                wide, high = (max(size, round(side * scale)) for side in image.size)
                image = image.resize((wide, high), Image.Resampling.BILINEAR)
                left, top = (wide - size) // 2, (high - size) // 2
                image = image.crop((left, top, left + size, top + size))
            return torch.from_numpy(np.array(image)).permute(2, 0, 1)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise LotteryError(f"{path}: not a readable image: {error}") from None
