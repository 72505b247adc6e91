"""How good a trained network is."""

import itertools
from typing import Any

import torch
from torch import nn

from lottery.data.batches import Portions, in_order
from lottery.data.sources import Source
from lottery.models import layout
from lottery.pruning.mask import Mask
from lottery.specs import Augmentation
from lottery.tasks import Task
from lottery.training.loop import Machine, Result, forward
from lottery.training.progress import log

PIXELS = 2**20
"""Of a batch; with them the memory that it takes is bounded."""
BATCHES = (64, 1024)
"""Fewest and most images of one."""


@torch.no_grad()
def measure(
    model: nn.Module,
    task: Task,
    source: Source,
    augmentation: Augmentation,
    machine: Machine | None = None,
) -> dict[str, Any]:
    """Mean loss and accuracy (0..1) over all test images, each seen exactly once.

    Images are tested without `augmentation`, but for a task that compares views of an image. The
    network is `dead` if its outputs are the same for all of them.
    """
    machine = machine or Machine()
    model.eval()
    arrangement = layout(model)
    device, world = source.device, machine.world
    least, most = BATCHES
    size = min(most, max(least, PIXELS // source.dataset.image_size**2))
    portions = in_order(source.labels, size, world.rank, world.size)
    plan, ahead = itertools.tee(portions.each)
    views = source.views(
        Portions(ahead, portions.largest), augmentation, task.crops, 0, "test augmentation"
    )
    sums = torch.zeros(4, dtype=torch.float64)  # loss, right, judged, all
    lowest, highest = torch.tensor(torch.inf), torch.tensor(-torch.inf)
    for portion, view in zip(plan, views, strict=True):
        inputs, targets = task.examples(view, portion.labels.to(device))
        outputs = forward(model, inputs, source, arrangement, machine)
        lowest = torch.minimum(lowest.to(device), outputs.amin(0))
        highest = torch.maximum(highest.to(device), outputs.amax(0))
        right = task.correct(outputs, targets)
        loss = task.loss(outputs, targets).item() * len(targets)
        sums += torch.tensor([loss, int(right.sum()), len(right), len(targets)])
    loss, correct, judged, total = world.sum(sums).tolist()
    varies = world.most(int((highest > lowest).any()))
    return {
        "loss": loss / total,
        "accuracy": correct / judged,
        "examples": int(judged),
        "dead": not varies,
    }


def tell(label: str, mask: Mask, measured: dict[str, Any]) -> None:
    """Say how good the network is, and whether anything of it is dead."""
    log(f"{label}: test accuracy {measured['accuracy']:.2%}, {mask.density:.2%} of the weights")
    empty = mask.empty_layers()
    if empty:
        log(f"warning: {label}: nothing remains of {', '.join(empty)}")
    if measured["dead"]:
        log(f"warning: {label}: the network is dead, it answers the same to every image")


def summary(
    mask: Mask, measured: dict[str, Any], result: Result, device_seconds: float
) -> dict[str, Any]:
    """The result part of a training's report.

    `device_seconds` are those that this run held its devices; earlier runs' are added.
    """
    return {
        "test": measured,
        "remaining": mask.remaining,
        "total": mask.total,
        "density": mask.density,
        "empty_layers": mask.empty_layers(),
        "inputs": result.inputs,
        "device_seconds": round(result.earlier + device_seconds, 3),
        "epochs": result.epochs,
    }
