"""Testing a trained network."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from lottery import models, seeds
from lottery.data.batches import in_order
from lottery.data.sources import Source
from lottery.geometry import dead_taps
from lottery.messages import log
from lottery.models.layout import layout
from lottery.pruning.effective import effective
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable
from lottery.specs import Augmentation, Chain
from lottery.tasks import Task
from lottery.training.execution import Execution, forward
from lottery.training.schedule import Behind
from lottery.training.statistics import Result

PIXELS = 2**20
"""Pixels of a micro-batch of network inputs: a bound on the memory that a test takes."""
CACHED_PIXELS = 2**18
"""The same on a CPU, which is faster where its caches hold a layer."""
BATCHES = (64, 1024)
"""Fewest and most images of a micro-batch."""
LEARNED = 0.01
"""Fraction by which the loss must be below that of one constant answer to every image."""


@torch.no_grad()
def measure(
    model: nn.Module,
    task: Task,
    source: Source,
    augmentation: Augmentation,
    seed: int,
    execution: Execution | None = None,
) -> dict[str, Any]:
    """Mean loss and accuracy (0..1) over all test images, each seen exactly once.

    Images are not augmented, except for a task that compares views of an image. Such a task takes
    its negatives from the same micro-batch, so the order of the images is drawn from (`seed`,
    "test order") and does not depend on their order on disk. What the task draws derives from
    (`seed`, "test task", number of the micro-batch). The network is `dead` if it gives one answer
    to all images, `collapsed` if its outputs are as good as the same for all that the task
    compares. `chance` is the accuracy of the best constant answer.
    """
    execution = execution or Execution()
    model.eval()
    arrangement = layout(model)
    device, dataset, world = source.device, source.dataset, execution.world
    size = _micro_batch(task, dataset.image_size, device)
    order = seed if task.compares_views else None
    own = in_order(source.labels, size, world.rank, world.size, order)
    evaluated = total = 0
    # All that is added up stays on the device until the end: reading it would wait for the device.
    sums = torch.zeros(3, dtype=torch.float64, device=device)  # loss, correct, likeness
    first: Tensor | None = None
    varies = torch.zeros((), dtype=torch.bool, device=device)
    for micro_batch, view in source.views(own, augmentation, task.crops, seed, "test augmentation"):
        stream = seeds.generator(seed, "test task", micro_batch.number, device=device)
        labels = micro_batch.labels.to(device, non_blocking=True)
        inputs, targets = task.examples(view, labels, stream)
        outputs = forward(model, inputs, dataset, arrangement, execution.precision)
        answers = task.answers(outputs)
        first = answers[:1] if first is None else first
        varies = varies | (answers != first).any()
        correct = task.correct(outputs, targets)
        loss = task.loss(outputs, targets).double() * len(targets)
        alike = normalize(outputs).double().mean(0).square().sum() * len(outputs)
        sums += torch.stack([loss, correct.sum().double(), alike])
        evaluated, total = evaluated + len(correct), total + len(targets)
    counted = torch.tensor([evaluated, total], dtype=torch.float64)
    sums = world.all_reduce_sum(torch.cat([sums.cpu(), counted]))
    loss_sum, right, likeness, evaluated, total = sums.tolist()
    shown = None if first is None else first.cpu()
    reference = world.broadcast(shown)  # of all processes, that of the first
    if shown is not None and not torch.equal(shown, reference):
        varies = torch.ones_like(varies)
    alive = world.all_reduce_max(int(varies))
    return {
        "loss": loss_sum / total,
        "accuracy": right / evaluated,
        "examples": int(evaluated),
        "chance": task.chance(source.labels),
        "dead": not alive,
        "collapsed": task.collapsed(likeness / total),
    }


def _micro_batch(task: Task, image_size: int, device: torch.device) -> int:
    """Images of a micro-batch; where they are each other's negatives, as many on any device."""
    cached = device.type == "cpu" and not task.compares_views
    least, most = BATCHES
    return min(most, max(least, (CACHED_PIXELS if cached else PIXELS) // image_size**2))


def stalled(task: Task, labels: Tensor, result: Result) -> bool:
    """Whether a training on these labels ended with the loss of one constant answer.

    Then nothing was learned. For most tasks test accuracy shows this too, but not for permuted
    labels, and only to readers who know the accuracy of guessing.
    """
    indifferent = task.indifferent(labels)
    if indifferent is None or not result.epochs:
        return False
    return result.epochs[-1]["loss"] > (1 - LEARNED) * indifferent


def tell(label: str, mask: Mask, measured: dict[str, Any]) -> None:
    """Log the test accuracy, with warnings if the network is dead or has learned nothing."""
    log(f"{label}: test accuracy {measured['accuracy']:.2%}, {mask.density:.2%} of the weights")
    empty = mask.empty_layers()
    if empty:
        log(f"warning: {label}: nothing remains of {', '.join(empty)}")
    if measured["dead"]:
        log(f"warning: {label}: the network is dead: it gives one answer to all images")
    elif measured["collapsed"]:
        log(f"warning: {label}: all embeddings have collapsed to one: the loss stays at its margin")
    elif measured.get("stalled"):
        log(f"warning: {label}: nothing was learned: the loss stays at that of one constant answer")


def summary(
    chain: Chain,
    image_size: int,
    model: nn.Module,
    mask: Mask,
    behind: Behind | None,
    measured: dict[str, Any],
    result: Result,
    device_seconds: float,
) -> dict[str, Any]:
    """The result part of a training's report.

    `prunable` counts the prunable weights of the whole network, `total` those of the chain's scope,
    `effective` those of the remaining ones that lie on a path from input to output. `layers` says
    of each parameter how many remain, of how many. `dead_taps` are those on images of `image_size`
    pixels. `updates` and `samples` are all that the network has `behind` it, none where nobody
    knows. `device_seconds` is how long this run held its devices, in addition to earlier runs.
    """
    whole = prunable(models.skeleton(chain.architecture))
    return {
        "test": measured,
        **dict.fromkeys(Behind._fields, None),
        **(behind._asdict() if behind else {}),
        "remaining": mask.remaining,
        "total": mask.total,
        "density": mask.density,
        "effective": int(effective(model, mask, image_size).sum()),
        "layers": {name: [int(own.sum()), own.numel()] for name, own in mask.layers().items()},
        "prunable": dense_mask(whole, chain.architecture, chain.excluded_at).total,
        "dead_taps": asdict(dead_taps(chain.architecture, image_size)),
        "empty_layers": mask.empty_layers(),
        "inputs": result.inputs,
        "device_seconds": round(result.earlier + device_seconds, 3),
        "epochs": result.epochs,
    }
