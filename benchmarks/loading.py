"""How fast each loader decodes JPEGs, with two workers and nothing else to do."""

from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.inputs import CPU, jpegs
from benchmarks.measuring import Row, in_turn
from lottery import seeds
from lottery.data import loaders
from lottery.data.boxes import random_boxes

COUNT, BATCH, WORKERS = 1000, 50, 2


def run(images: str | None) -> list[Row]:
    """Random resized crops of 224 pixels, from the call to the last image."""
    torch.set_num_threads(1)
    files = jpegs(images, COUNT)
    sizes = {file: Image.open(file).size for file in set(files)}
    aspects = torch.tensor([sizes[file][0] / sizes[file][1] for file in files])
    boxes = random_boxes(aspects, 0.08, seeds.generator(0, "bench"))

    def wanted() -> Iterator[tuple[list[Path], Tensor]]:
        for start in range(0, COUNT, BATCH):
            yield files[start : start + BATCH], boxes[start : start + BATCH]

    def decode(name: loaders.LoaderName) -> None:
        loader, _ = loaders.choose(name, WORKERS)
        for _ in loader(wanted(), BATCH, 224, CPU):
            pass

    seconds = in_turn(
        {"dali": lambda: decode("dali"), "torchvision": lambda: decode("torchvision")}, times=5
    )
    ratio = seconds["torchvision"] / seconds["dali"]
    return [
        Row("loading", f"{name}, {WORKERS} workers", COUNT / spent, "images/s")
        for name, spent in seconds.items()
    ] + [Row("loading", "DALI over torchvision", ratio, "ratio", "about 3")]
