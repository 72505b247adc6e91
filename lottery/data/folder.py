"""An image folder: `ROOT/SPLIT/CLASS/*.jpg`, the same classes in both splits, by alphabet."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image

from lottery.data.datasets import Images, Listing, Split, require_folder
from lottery.errors import LotteryError
from lottery.specs import Dataset

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp"}
DEEP = {"I", "I;16", "I;16B", "I;16L", "F"}
"""Pillow's modes of more than 8 bits a channel."""
UNREADABLE = (OSError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for files that are damaged, or no images, or beyond all measure."""
SHOWN = 5
"""Most folders that a message names."""

_Found = TypeVar("_Found")


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images | Listing:
    """Decode every image once, or list them where the data set is streamed.

    Decoded images are RGB: the shorter side scaled to the size kept, and of that the centre square.

    Raises: LotteryError if there are no images, or the splits' class folders differ, both before
        any image is opened; or if one cannot be read, by name.
    """
    root = require_folder(dataset, folder)
    classes = _classes(dataset, root)
    names, labels = _files(root, dataset.train if split == "train" else dataset.test, classes)
    paths = [root / name for name in names]
    if dataset.streamed:
        sizes = torch.tensor(list(_each(_size, paths)), dtype=torch.int32)
        return Listing(names, sizes, labels)
    size = dataset.side
    _fits_in_memory(dataset, len(paths))
    pixels = torch.empty((len(paths), 3, size, size), dtype=torch.uint8)
    for index, image in enumerate(_each(lambda path: _decode(path, size), paths)):
        pixels[index] = image
    return Images(pixels, labels)


def check_decodes(path: Path) -> None:
    """Raises: LotteryError, naming the file, if the image cannot be decoded."""
    _decode(path, size=8)


def _classes(dataset: Dataset, root: Path) -> list[str]:
    """The names of the class folders of both splits; a class's label is its place among them.

    Raises: LotteryError if a split has no such folders, or one is empty, or they differ.
    """
    train, test = (_class_folders(dataset, root / split) for split in (dataset.train, dataset.test))
    if train != test:
        raise LotteryError(
            f"datasets.{dataset.name}: class folders differ: {_difference(dataset, train, test)}"
        )
    return sorted(train)


def _class_folders(dataset: Dataset, place: Path) -> set[str]:
    require_folder(dataset, place)
    with os.scandir(place) as entries:
        names = {entry.name for entry in entries if entry.is_dir()}
    if not names:
        raise LotteryError(f"datasets.{dataset.name}: no class folders in {place}")
    for name in sorted(names):
        with os.scandir(place / name) as files:
            if not any(_is_image(file.name) for file in files):
                raise LotteryError(f"datasets.{dataset.name}: no images in {place / name}")
    return names


def _difference(dataset: Dataset, train: set[str], test: set[str]) -> str:
    """In words: what each split alone has, and which of it may be one class in two spellings."""
    parts = [
        f"only in {split}: {_some([repr(name) for name in sorted(names)])}"
        for split, names in ((dataset.train, train - test), (dataset.test, test - train))
        if names
    ]
    spelt = {_spelling(name): name for name in sorted(train - test)}
    pairs = [
        f"{spelt[_spelling(name)]!a} and {name!a}"  # !a: an accent can be written in two ways
        for name in sorted(test - train)
        if _spelling(name) in spelt
    ]
    if pairs:
        parts.append(f"one class in two spellings? {_some(pairs)}")
    return "; ".join(parts)


def _spelling(name: str) -> str:
    """What names have in common that differ only in case, outer blanks or Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def _some(words: list[str]) -> str:
    """The first of them, and how many there are beside."""
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _files(root: Path, split: str, classes: list[str]) -> tuple[list[str], torch.Tensor]:
    """Paths below `root` and labels of all images of a split."""
    names, labels = [], []
    for label, name in enumerate(classes):
        with os.scandir(root / split / name) as entries:
            found = sorted(entry.name for entry in entries if _is_image(entry.name))
        names += [f"{split}/{name}/{file}" for file in found]
        labels += [label] * len(found)
    return names, torch.tensor(labels)


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a million of them


def _each(what: Callable[[Path], _Found], paths: Iterable[Path]) -> Iterator[_Found]:
    """By several threads: reading and decoding release the interpreter's lock."""
    with ThreadPoolExecutor() as pool:
        try:
            yield from pool.map(what, paths)
        finally:
            pool.shutdown(cancel_futures=True)  # after a damaged image the others are not read


def _fits_in_memory(dataset: Dataset, images: int) -> None:
    needed = images * 3 * dataset.side**2
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.8 * there:
        raise LotteryError(
            f"datasets.{dataset.name}: {images:,} images of {dataset.side} pixels need "
            f"{needed / 2**30:.0f} GiB of memory, this machine has {there / 2**30:.0f}: "
            "set `streamed: true`, or choose a smaller stored_size"
        )


def _open(path: Path) -> Image.Image:
    image = Image.open(path)
    if image.mode in DEEP:  # converted, all but the darkest would be white
        image.close()
        raise LotteryError(f"{path}: pixels of mode {image.mode}, expected 8 bits a channel")
    return image


def _size(path: Path) -> tuple[int, int, int]:
    """Width and height, pixels, from the file's head; and its bytes."""
    try:
        with _open(path) as image:
            return (*image.size, path.stat().st_size)
    except UNREADABLE as error:
        raise LotteryError(f"{path}: not a readable image: {error}") from None


def _decode(path: Path, size: int) -> torch.Tensor:
    try:
        with _open(path) as file:
            image = file.convert("RGB")
            if image.size != (size, size):
                scale = size / min(image.size)
                wide, high = (max(size, round(side * scale)) for side in image.size)
                image = image.resize((wide, high), Image.Resampling.BILINEAR)
                left, top = (wide - size) // 2, (high - size) // 2
                image = image.crop((left, top, left + size, top + size))
            return torch.from_numpy(np.array(image)).permute(2, 0, 1)
    except UNREADABLE as error:
        raise LotteryError(f"{path}: not a readable image: {error}") from None
