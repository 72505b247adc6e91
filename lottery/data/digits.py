"""scikit-learn's digits: 1,797 real greyscale images of 8x8, shipped with the package."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from lottery.data.datasets import Images, Split, package_folder
from lottery.specs import Dataset


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """Every fourth image of each class is for testing: the same split for all seeds."""
    file = package_folder(dataset, "sklearn") / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    labels = table[:, -1].astype(np.int64)
    place = np.zeros(len(labels), dtype=np.int64)  # of each image among those of its class
    for label in range(10):
        place[labels == label] = np.arange(np.count_nonzero(labels == label))
    chosen = (place % 4 == 3) == (split == "test")
    grey = torch.from_numpy(table[chosen, :-1]).float().reshape(-1, 1, 8, 8) / 16
    size = (dataset.image_size, dataset.image_size)
    grey = interpolate(grey, size, mode="bilinear", align_corners=False)
    pixels = (grey * 255).round().to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
    return Images(pixels, torch.from_numpy(labels[chosen]))
