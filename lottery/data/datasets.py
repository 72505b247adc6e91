"""Loading a data set by its format; one module per format, named as in the config."""

import hashlib
import importlib
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lottery.errors import LotteryError
from lottery.specs import Dataset

Split = Literal["train", "test"]


class Images(NamedTuple):
    """A resident split: `pixels` uint8 (N, 3, H, W) and `labels` int64 (N,) in 0..classes-1."""

    pixels: Tensor
    labels: Tensor

    def digest(self) -> str:
        """SHA-256 over pixels and labels: the identity of what was trained on."""
        sha = hashlib.sha256(str(tuple(self.pixels.shape)).encode())
        for tensor in self:
            sha.update(tensor.contiguous().numpy().data)
        return sha.hexdigest()


def load(dataset: Dataset, folder: str | Path | None, split: Split) -> Images:
    """All images of a split, decoded, in RGB and at the data set's image size.

    Raises: LotteryError if the folder is absent, or the images do not fit the config's words.
    """
    module = importlib.import_module(f"lottery.data.{dataset.format}")
    images: Images = module.load(dataset, None if folder is None else Path(folder), split)
    size = dataset.image_size
    if tuple(images.pixels.shape[1:]) != (3, size, size) or images.pixels.dtype != torch.uint8:
        raise LotteryError(
            f"datasets.{dataset.name}: {split} images are {tuple(images.pixels.shape[1:])} "
            f"{images.pixels.dtype}, expected (3, {size}, {size}) bytes: check image_size"
        )
    found = int(images.labels.max()) + 1
    if len(torch.unique(images.labels)) != found or found != dataset.classes:
        raise LotteryError(
            f"datasets.{dataset.name}.classes: {dataset.classes} in the config, "
            f"{len(torch.unique(images.labels))} among the {split} images"
        )
    return images


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
