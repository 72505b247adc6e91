"""The letters A to J in the fonts that matplotlib ships: test images are of unseen fonts."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from lottery.data.datasets import Images, Split, package_folder
from lottery.specs import Dataset

LETTERS = "ABCDEFGHIJ"
SIZES = (0.65, 0.75, 0.85, 0.95)
"""Of the font, as shares of the image's side: at the last the largest letter just fits."""
WITHOUT_LETTERS = ("Display", "LastResort", "NonUni", "Siz", "cmex", "cmsy")
"""Parts of the names of fonts that hold symbols, or pictures in place of letters."""
OVERSAMPLING = 4


def load(dataset: Dataset, folder: Path | None, split: Split) -> Images:
    """White on black, each letter as a capital and a small one, at several sizes."""
    drawn, labels = [], []
    for path in fonts(dataset, split):
        for share in SIZES:
            size = round(share * OVERSAMPLING * dataset.image_size)
            # basic layout: the other one depends on a library that may be absent
            font = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
            for label, capital in enumerate(LETTERS):
                drawn += [_draw(letter, font, dataset) for letter in (capital, capital.lower())]
                labels += [label] * 2
    grey = torch.from_numpy(np.stack(drawn))[:, None]
    return Images(grey.expand(-1, 3, -1, -1).contiguous(), torch.tensor(labels))


def fonts(dataset: Dataset, split: Split) -> list[Path]:
    """Every fourth font by name is for testing, so that large families are in both splits."""
    root = package_folder(dataset, "matplotlib") / "mpl-data" / "fonts" / "ttf"
    found = sorted(
        path
        for path in root.glob("*.ttf")
        if not any(part in path.stem for part in WITHOUT_LETTERS)
    )
    return [path for place, path in enumerate(found) if (place % 4 == 3) == (split == "test")]


def _draw(letter: str, font: ImageFont.FreeTypeFont, dataset: Dataset) -> np.ndarray:
    """One letter, its box in the middle of the image."""
    side = OVERSAMPLING * dataset.image_size
    canvas = Image.new("L", (side, side))
    left, top, right, bottom = font.getbbox(letter)
    corner = ((side - left - right) // 2, (side - top - bottom) // 2)
    ImageDraw.Draw(canvas).text(corner, letter, fill=255, font=font)
    return np.array(canvas.reduce(OVERSAMPLING))
