"""How fast JPEGs come as network inputs, with two workers and nothing else to do."""

from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from benchmarks.inputs import CPU, dataset, jpegs
from benchmarks.measuring import Row, in_turn
from lottery import seeds
from lottery.data import loaders
from lottery.data.augment import change, normalise
from lottery.data.boxes import in_pixels, random_boxes
from lottery.data.loaders import Crops
from lottery.specs import Augmentation

COUNT, BATCH, SIZE, WORKERS = 500, 50, 224, 2
LEAST = 0.08
HOW = Augmentation(resized_crop=LEAST, flip=True)


def run(images: str | None) -> list[Row]:
    """Random resized crops, from the call to the last image; then flipped and normalised too."""
    torch.set_num_threads(1)
    files = jpegs(images, COUNT)
    sizes = {file: Image.open(file).size for file in set(files)}
    aspects = torch.tensor([sizes[file][0] / sizes[file][1] for file in files])
    shares = random_boxes(aspects, LEAST, seeds.generator(0, "bench"))
    boxes = in_pixels(shares, torch.tensor([sizes[file] for file in files]))

    def wanted() -> Iterator[Crops]:
        for start in range(0, COUNT, BATCH):
            part = slice(start, start + BATCH)
            yield Crops(files[part], boxes[part], [False] * BATCH)

    def decode(name: loaders.LoaderName) -> Iterator[Tensor]:
        loader, _ = loaders.choose(name, WORKERS)
        return loader(wanted(), BATCH, SIZE, CPU)

    def augmented(name: loaders.LoaderName) -> Iterator[Tensor]:
        stream = seeds.generator(0, "bench")
        for pixels in decode(name):
            yield normalise(change(pixels, HOW, stream), dataset(SIZE))

    usual = DataLoader(_PerImage(files), batch_size=BATCH, num_workers=WORKERS)
    ways = {
        "crops, DALI": lambda: list(map(len, decode("dali"))),
        "crops, torchvision": lambda: list(map(len, decode("torchvision"))),
        "inputs, DALI": lambda: list(map(len, augmented("dali"))),
        "inputs, torchvision": lambda: list(map(len, augmented("torchvision"))),
        "inputs, torchvision's transforms image by image": lambda: list(map(len, usual)),
    }
    seconds = in_turn(ways, times=5)
    wide, high = (sum(side) // len(sizes) for side in zip(*sizes.values(), strict=True))
    about = f"{WORKERS} workers, files of about {wide}x{high}"
    rows = [
        Row("loading", f"{name}, {about}", COUNT / spent, "images/s")
        for name, spent in seconds.items()
    ]
    for kind in ("crops", "inputs"):
        ratio = seconds[f"{kind}, torchvision"] / seconds[f"{kind}, DALI"]
        rows.append(Row("loading", f"{kind}, DALI over torchvision", ratio, "ratio", "about 3"))
    ratio = seconds["inputs, torchvision's transforms image by image"] / seconds["inputs, DALI"]
    return [*rows, Row("loading", "inputs, DALI over image by image", ratio, "ratio", "about 3")]


class _PerImage(Dataset[Tensor]):
    """The same as it is usually written: a chain of torchvision's transforms for each image."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        grey = [0.5, 0.5, 0.5]
        self._change = v2.Compose(
            [
                v2.RandomResizedCrop(SIZE, (HOW.resized_crop, 1.0)),
                v2.RandomHorizontalFlip(),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(grey, grey),
            ]
        )

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self._files[index]) as file:
            changed: Tensor = self._change(file.convert("RGB"))
        return changed
