"""Images, networks and recipes that several benchmarks share."""

import atexit
import shutil
import tempfile
from pathlib import Path

import numpy as np
import sklearn
import torch
from PIL import Image

from lottery.specs import Architecture, Augmentation, Dataset, Recipe

CPU = torch.device("cpu")


def dataset(size: int, streamed: bool = False, **changes: object) -> Dataset:
    """Ten classes of images of `size` pixels."""
    grey = (0.5, 0.5, 0.5)
    settings = {
        "name": "bench",
        "format": "folder",
        "classes": 10,
        "image_size": size,
        "mean": grey,
        "std": grey,
        "streamed": streamed,
    }
    return Dataset(**{**settings, **changes})  # type: ignore[arg-type]


def recipe(batch_size: int, augmentation: Augmentation, optimizer: str = "sgd") -> Recipe:
    """One epoch."""
    return Recipe(
        epochs=1,
        batch_size=batch_size,
        optimizer=optimizer,  # type: ignore[arg-type]
        learning_rate=0.001,
        weight_decay=0.0001,
        augmentation=augmentation,
    )


CIFAR_RESNET18 = Architecture(model="resnet", depth=18, width=16)
VGG11 = Architecture(model="vgg", depth=11)
RESNET18 = Architecture(model="resnet", depth=18, stem="imagenet")
RESNET50 = Architecture(model="resnet", depth=50, stem="imagenet")


def jpegs(folder: str | None, count: int) -> list[Path]:
    """So many JPEGs of a folder, below it at any depth; without one, photographs made for it.

    Those are crops of scikit-learn's two photographs at the median size of ImageNet's files.
    """
    if folder is not None:
        found = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
        if not found:
            raise SystemExit(f"--images {folder}: no JPEGs there")
        return (found * -(-count // len(found)))[:count]
    place = Path(tempfile.mkdtemp(prefix="lottery-bench-"))
    atexit.register(shutil.rmtree, place)
    rng = np.random.default_rng(0)
    photographs = Path(sklearn.__file__).parent / "datasets/images"
    for number in range(min(count, 100)):
        name = ("china.jpg", "flower.jpg")[number % 2]
        with Image.open(photographs / name) as image:
            left, top = (int(rng.integers(0, most)) for most in (100, 40))
            part = image.crop((left, top, left + 500, top + 375))
            part.save(place / f"{number}.jpg", quality=92)
    return jpegs(str(place), count)
