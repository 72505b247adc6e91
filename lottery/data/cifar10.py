"""CIFAR-10 in torchvision's format (the folder that holds `cifar-10-batches-py`)."""

from pathlib import Path

import torch
from torchvision.datasets import CIFAR10

from lottery.data.datasets import Images, Split, require_folder
from lottery.errors import LotteryError
from lottery.specs import Dataset


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """The 50,000 training or 10,000 test images, checked by torchvision's checksums."""
    root = require_folder(dataset, folder)
    try:
        source = CIFAR10(str(root), train=split == "train")
    except RuntimeError as error:
        reason = str(error).split(".")[0]
        raise LotteryError(f"datasets.{dataset.name}: {root}: {reason}") from None
    pixels = torch.from_numpy(source.data).permute(0, 3, 1, 2).contiguous()
    return Images(pixels, torch.tensor(source.targets))
