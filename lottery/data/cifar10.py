"""CIFAR-10 in torchvision's format (the folder that holds `cifar-10-batches-py`)."""

import socket
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import torch
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity

from lottery.data.datasets import Images, Split, require_folder, scaled
from lottery.errors import LotteryError
from lottery.specs import Dataset

PATIENCE = 60
"""Seconds without an answer after which a download fails; the default is to wait for ever."""


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """The 50,000 training or 10,000 test images, checked by torchvision's checksums.

    They are scaled if the config's size is not their own, 32 pixels.
    """
    root = require_folder(dataset, folder)
    _check(dataset, root)
    source = CIFAR10(str(root), train=split == "train")
    pixels = torch.from_numpy(source.data).permute(0, 3, 1, 2).contiguous()
    return Images(scaled(pixels, dataset.side), torch.tensor(source.targets))


def _check(dataset: Dataset, root: Path) -> None:
    """Raises: LotteryError if a file of the archive is missing, or not as published."""
    place = root / CIFAR10.base_folder
    require_folder(dataset, place)
    for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list):
        if not check_integrity(str(place / name), md5):
            wrong = "damaged (another MD5)" if (place / name).is_file() else "missing"
            raise LotteryError(
                f"datasets.{dataset.name}: {place / name}: {wrong}: remove {place} and run the "
                "same command, which downloads it again"
            )


def fetch(root: Path) -> None:
    """Download CIFAR-10 (170 MB) into `root`: checked and complete, or not at all.

    Raises: LotteryError if it cannot be downloaded, is not what it should be, or does not fit.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".fetching-", dir=root) as temporary:
            CIFAR10(temporary, download=True)
            Path(temporary, CIFAR10.base_folder).rename(root / CIFAR10.base_folder)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LotteryError(
            f"CIFAR-10: no download from {urlsplit(CIFAR10.url).hostname} to {root}: {reason}"
        ) from None
    finally:
        socket.setdefaulttimeout(before)
