"""Is the training loop as fast as its network? Images a second over those of a resident batch.

Trainings are short, and begin and end in what is measured: a tenth of a second each.
"""

import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.inputs import CIFAR_RESNET18, CPU, RESNET18, dataset, jpegs, recipe
from benchmarks.measuring import Row, in_turn
from lottery import models, tasks
from lottery.data import loaders
from lottery.data.datasets import Images, Listing
from lottery.data.sources import Resident, Source, Streamed
from lottery.models.layout import layout
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation, Recipe
from lottery.training.loop import TrainingLoop
from lottery.training.optimizers import Optimizer


def run(images: str | None) -> list[Row]:
    """One thread trains; for JPEGs another one decodes."""
    torch.set_num_threads(1)
    return [_small(), _jpegs(images)]


def _small() -> Row:
    pixels = torch.randint(256, (2048, 3, 32, 32), dtype=torch.uint8)
    source = Resident(Images(pixels, torch.arange(2048) % 10), dataset(32), CPU)
    how = recipe(64, Augmentation(crop_padding=2, flip=True), "adam")
    return _row("small images, resident", CIFAR_RESNET18, source, how, "at least 0.99")


def _jpegs(images: str | None) -> Row:
    files = jpegs(images, 192)
    sizes = torch.tensor([(*Image.open(f).size, f.stat().st_size) for f in files])
    names = [str(f.resolve()) for f in files]
    by_pillow = torch.zeros(192, dtype=torch.bool)
    listing = Listing(names, sizes, torch.arange(192) % 10, by_pillow)
    loader, name = loaders.choose("auto", 1)
    source = Streamed(listing, dataset(128, streamed=True), files[0].parent, CPU, loader)
    how = recipe(16, Augmentation(resized_crop=0.08, flip=True))
    return _row(f"JPEG files through {name}", RESNET18, source, how, "at least 0.95")


def _row(figure: str, architecture: Architecture, source: Source, how: Recipe, target: str) -> Row:
    task = tasks.make("labels", how)
    model = models.build(architecture, 10, 0, "init")
    model.to(memory_format=layout(model))
    mask = Mask.dense(prunable(model))
    size = source.dataset.image_size
    batch = torch.randn(how.batch_size, 3, size, size).contiguous(memory_format=torch.channels_last)
    updates = -(-len(source.labels) // how.batch_size)
    seconds = in_turn(
        {
            "training": lambda: TrainingLoop(model, task, source, how, 0, mask, label=figure).run(),
            "network": lambda: _network(model, batch, how, updates),
        },
        times=9,
    )
    return Row("pipeline", figure, seconds["network"] / seconds["training"], "ratio", target)


def _network(model: nn.Module, batch: torch.Tensor, how: Recipe, updates: int) -> None:
    """Nothing but updates on one batch."""
    model.train()
    stepper = Optimizer(model, how)
    targets = torch.arange(how.batch_size) % 10
    for _ in range(updates):
        stepper.zero_grad()
        cross_entropy(model(batch), targets).backward()
        stepper.step()
