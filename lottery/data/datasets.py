"""Loading a data set by its format; one module per format, named as in the config."""

import hashlib
import importlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from lottery.errors import LotteryError
from lottery.specs import Dataset

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")


class Images(NamedTuple):
    """A resident split: `pixels` uint8 (N, 3, H, W) and `labels` int64 (N,) in 0..classes-1."""

    pixels: Tensor
    labels: Tensor

    def select(self, indices: Tensor) -> Self:
        """Those images, in that order."""
        return type(self)(self.pixels[indices], self.labels[indices])

    def digest(self) -> str:
        """SHA-256 over pixels and labels: the identity of what was trained on."""
        sha = hashlib.sha256(str(tuple(self.pixels.shape)).encode())
        for tensor in self:
            sha.update(tensor.contiguous().numpy().data)
        return sha.hexdigest()


class Listing(NamedTuple):
    """A streamed split: `names` of N files below the data set's folder, and their `labels`.

    `sizes` is int32 (N, 3): width and height in pixels, and the file's size in bytes. `by_pillow`
    is bool (N,): which of them DALI would refuse, or decode to other colours.
    """

    names: list[str]
    sizes: Tensor
    labels: Tensor
    by_pillow: Tensor

    def aspects(self, indices: Tensor) -> Tensor:
        """How many times as wide as high those images are, float32 (n,)."""
        return self.sizes[indices, 0] / self.sizes[indices, 1]

    def select(self, indices: Tensor) -> Self:
        """Those images, in that order."""
        names = [self.names[index] for index in indices.tolist()]
        return type(self)(names, self.sizes[indices], self.labels[indices], self.by_pillow[indices])

    def digest(self) -> str:
        """SHA-256 over names, sizes and labels; the files' contents are not read for it."""
        sha = hashlib.sha256(os.fsencode("\n".join(self.names)))  # of any bytes but 0 and /
        for tensor in (self.sizes, self.labels):
            sha.update(tensor.contiguous().numpy().data)
        return sha.hexdigest()


def load(dataset: Dataset, folder: str | Path | None, split: Split) -> Images | Listing:
    """All images of a split: decoded, in RGB and of the size that is kept; or listed, if streamed.

    Raises: LotteryError if the folder is absent, or the images differ from what the config says.
    """
    module = importlib.import_module(f"lottery.data.{dataset.format}")
    images: Images | Listing
    images = module.load(dataset, None if folder is None else Path(folder), split)
    if split == "train" and dataset.train_per_class:
        images = first_of_each_class(images, dataset.train_per_class)
    if isinstance(images, Images):
        _check_size(dataset, split, images.pixels)
    check_number(dataset, split, len(images.labels))
    found = int(images.labels.max()) + 1
    if len(torch.unique(images.labels)) != found or found != dataset.classes:
        raise LotteryError(
            f"datasets.{dataset.name}.classes: {dataset.classes} in the config, "
            f"{len(torch.unique(images.labels))} among the {split} images"
        )
    return images


def check_number(dataset: Dataset, split: Split, found: int) -> None:
    """Raises: LotteryError if the number of training images is not the config's."""
    if split == "train" and dataset.train_images not in (None, found):
        raise LotteryError(
            f"datasets.{dataset.name}.train_images: {dataset.train_images} in the config, "
            f"{found} were found"
        )


def _check_size(dataset: Dataset, split: Split, pixels: Tensor) -> None:
    size = dataset.side
    if tuple(pixels.shape[1:]) != (3, size, size) or pixels.dtype != torch.uint8:
        raise LotteryError(
            f"datasets.{dataset.name}: {split} images are {tuple(pixels.shape[1:])} "
            f"{pixels.dtype}, expected (3, {size}, {size}) bytes: check image_size"
        )


def first_of_each_class(images: Images | Listing, count: int) -> Images | Listing:
    """The first `count` images of each class, or all of a smaller class."""
    members = [torch.nonzero(images.labels == label).flatten() for label in images.labels.unique()]
    return images.select(torch.cat([indices[:count] for indices in members]).sort().values)


def scaled(pixels: Tensor, side: int) -> Tensor:
    """uint8 squares (N, 3, H, H) at another size, bilinear and antialiased."""
    if pixels.shape[-1] == side:
        return pixels
    small = interpolate(pixels.float(), (side, side), mode="bilinear", antialias=True)
    return small.round().clamp(0, 255).to(torch.uint8)


def require_folder(dataset: Dataset, folder: Path | None) -> Path:
    """The folder of a data set that needs one.

    Raises: LotteryError if none was given, or it does not exist.
    """
    if folder is None:
        raise LotteryError(
            f"datasets.{dataset.name}: format {dataset.format} needs a folder (--data)"
        )
    if not folder.is_dir():
        raise LotteryError(f"datasets.{dataset.name}: no folder {folder}")
    return folder


def package_folder(dataset: Dataset, package: str) -> Path:
    """The folder of an installed package that ships a data set.

    It is not imported: that can take longer than a small training.
    Raises: LotteryError if it is not installed.
    """
    found = find_spec(package)
    if found is None or found.origin is None:
        raise LotteryError(
            f"datasets.{dataset.name}: format {dataset.format} needs the package {package}, "
            "which is not installed"
        )
    return Path(found.origin).parent
