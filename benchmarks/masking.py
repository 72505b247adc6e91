"""What masks cost a training, and whether they hold."""

import torch
from torch.nn.functional import cross_entropy

from benchmarks.inputs import CIFAR_RESNET18, RESNET50, recipe
from benchmarks.measuring import Row, in_turn
from lottery import models
from lottery.models.layout import layout
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation
from lottery.training.masking import Masking
from lottery.training.optimizers import Optimizer


def run(images: str | None) -> list[Row]:
    """The tax is an update's time with masking over that without, both part by part."""
    torch.set_num_threads(1)
    return [
        *_rows("ResNet-18, width 16, 32 pixels", CIFAR_RESNET18, 64, 32, "adam"),
        *_rows("ResNet-50, 64 pixels", RESNET50, 32, 64, "sgd"),
    ]


def _rows(figure: str, which: Architecture, count: int, size: int, algorithm: str) -> list[Row]:
    model = models.build(which, 10, 0, "init")
    model.to(memory_format=layout(model))
    mask = random_mask(Mask.dense(prunable(model)), 0.2, 10, seed=0)
    masking = Masking(model, mask)
    stepper = Optimizer(model, recipe(count, Augmentation(), algorithm))
    batch = torch.randn(count, 3, size, size).contiguous(memory_format=torch.channels_last)
    targets = torch.arange(count) % 10

    def learn() -> None:
        stepper.zero_grad()
        cross_entropy(model(batch), targets).backward()

    seconds = in_turn(
        {"learn": learn, "mask": masking.clear_gradients, "step": stepper.step}, times=7
    )
    tax = 1 + seconds["mask"] / (seconds["learn"] + seconds["step"])
    violations = sum(
        int((prunable(model)[name][~kept] != 0).sum()) for name, kept in mask.layers().items()
    )
    return [
        Row("masking", f"tax, {figure}", tax, "ratio", "at most 1.01"),
        Row("masking", f"pruned weights that are not zero, {figure}", violations, "weights", "0"),
    ]
