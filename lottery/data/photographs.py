"""Patches of scikit-learn's two photographs: real images in colour, shipped with the package."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lottery.data.datasets import Images, Split, package_folder, scaled
from lottery.specs import Dataset

PHOTOGRAPHS = ("china.jpg", "flower.jpg")
STRIPS = 5
CELL, PATCH, STRIDE = 32, 16, 8


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """Patches of 16x16 pixels; the class is which of five upright strips of which photograph.

    Strips are divided into square cells, of which every fourth is for testing. The
    patches of a cell overlap each other but no other cell, so the splits share no pixel.
    """
    root = package_folder(dataset, "sklearn") / "datasets" / "images"
    patches, labels = [], []
    for number, name in enumerate(PHOTOGRAPHS):
        with Image.open(root / name) as file:
            photograph = torch.from_numpy(np.array(file.convert("RGB"))).permute(2, 0, 1)
        for strip, pixels in enumerate(photograph.chunk(STRIPS, dim=2)):
            found = _patches(pixels, split)
            patches.append(found)
            labels += [number * STRIPS + strip] * len(found)
    return Images(scaled(torch.cat(patches), dataset.side), torch.tensor(labels))


def _patches(strip: Tensor, split: Split) -> Tensor:
    """(N, 3, PATCH, PATCH) from the cells of one split, which lie on every fourth diagonal."""
    cells = strip.unfold(1, CELL, CELL).unfold(2, CELL, CELL)  # (3, rows, columns, CELL, CELL)
    rows, columns = (torch.arange(count) for count in cells.shape[1:3])
    tests = (rows[:, None] + columns) % 4 == 3
    chosen = cells[:, tests == (split == "test")]
    patches = chosen.unfold(2, PATCH, STRIDE).unfold(3, PATCH, STRIDE)
    return patches.permute(1, 2, 3, 0, 4, 5).flatten(0, 2)
