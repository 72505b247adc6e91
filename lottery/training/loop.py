"""Training a network under a mask, and measuring it."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lottery import seeds
from lottery.data.augment import augment, normalise
from lottery.data.batches import Batches
from lottery.data.datasets import Images
from lottery.errors import LotteryError, Stopped
from lottery.pruning.mask import Mask
from lottery.specs import Augmentation, Dataset, Point, Recipe
from lottery.tasks import Task
from lottery.training.checkpoints import Checkpoints
from lottery.training.masking import Masking
from lottery.training.progress import Progress
from lottery.training.schedule import Schedule

TEST_BATCH = 1024


@dataclass
class Result:
    """What a training leaves besides the trained network itself."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    """Per epoch: mean loss, accuracy on the (augmented) training examples, wall time."""
    updates: list[int] = field(default_factory=list)
    """How many updates precede each W_k that was asked for."""
    early: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    """By such a number, W_k with batch-norm state, on the CPU."""
    inputs: int = 0
    """Images, or views of them, that went through the network."""


@dataclass
class _Epoch:
    """What an epoch has come to so far."""

    losses: list[Tensor] = field(default_factory=list)
    right: int | Tensor = 0
    judged: int = 0
    seconds: float = 0.0

    def judge(self, correct: Tensor) -> None:
        """Count which examples the network has right."""
        self.right = self.right + correct.sum()
        self.judged += len(correct)

    def accuracy(self) -> float:
        """Of the examples judged, 0..1."""
        return int(self.right) / self.judged


def train(
    model: nn.Module,
    task: Task,
    images: Images,
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    mask: Mask,
    starts: Sequence[Point] = (),
    label: str = "training",
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Minimise the task's loss of f_{m * W} (Eq. 1), in place.

    `model` and `images` are on the device that trains. The order of epoch e derives from (seed, e),
    augmentation and dropout of update u from (seed, u). W_k is copied at each of the points
    `starts`. `label` names the training in its progress.

    A batch is cut into as many parts as the recipe has GPUs, and the gradients of their mean losses
    are averaged as DistributedDataParallel does: each part has batch-norm statistics, and negatives
    in a triplet loss, of its own.

    With `checkpoints` it goes on from the newest of them, to the same bits as if it had never been
    stopped: nothing but the state in it and the number of updates decides what comes next.

    Raises: LotteryError if the loss is not finite (with its update), or a pruned weight revived;
        Stopped if it was asked to stop, with its state saved.
    """
    device = images.pixels.device
    batch = recipe.batch_size // (task.views if recipe.batch_counts == "copies" else 1)
    images = Images(images.pixels, task.supervise(images.labels, seed))
    batches = Batches(images, batch, seed)
    schedule = Schedule(recipe, batches.sizes)
    masking = Masking(model, mask)
    optimizer = _optimizer(model, recipe)
    result = Result(updates=[schedule.update_at(point) for point in starts])
    progress = Progress(label, recipe.epochs, len(batches))
    update, epoch_so_far = 0, _Epoch()
    state = checkpoints.newest() if checkpoints else None
    if state is not None:
        update = state["update"]
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        result.early, result.inputs = state["early"], state["inputs"]
        result.epochs, epoch_so_far = state["epochs"], _Epoch(**state["epoch"])
        epoch_so_far.losses = [loss.to(device) for loss in epoch_so_far.losses]
        progress.resume(update)
    model.train()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        for number in range(update // len(batches), recipe.epochs):
            epoch, epoch_so_far = epoch_so_far, _Epoch()
            started = time.monotonic() - epoch.seconds
            for pixels, labels in batches.epoch(number, update % len(batches)):
                if update in result.updates:
                    result.early[update] = _copy(model)
                if checkpoints and (checkpoints.due or checkpoints.stopping):
                    epoch.seconds = time.monotonic() - started
                    checkpoints.save(update, _state(update, model, optimizer, result, epoch))
                    if checkpoints.stopping:
                        raise Stopped(f"stopped after {update} of {schedule.updates} updates")
                for group in optimizer.param_groups:
                    group["lr"] = schedule.learning_rate(update)
                torch.manual_seed(seeds.derive(seed, "dropout", update))  # it has no own stream
                stream = seeds.generator(seed, "augmentation", update, device=device)
                optimizer.zero_grad(set_to_none=True)
                losses = torch.zeros((), device=device)
                parts = max(1, min(recipe.gpus, len(pixels) // 2))  # batch norm needs two images
                for part in range(parts):
                    chosen = pixels[part::parts]
                    view = partial(augment, chosen, recipe.augmentation, stream, dataset.image_size)
                    inputs, targets = task.examples(view, labels[part::parts])
                    outputs = model(_arrange(normalise(inputs, dataset)))
                    loss = task.loss(outputs, targets) * (len(chosen) / len(pixels))
                    loss.backward()
                    losses += loss.detach()
                    epoch.judge(task.correct(outputs.detach(), targets))
                    result.inputs += len(inputs)
                epoch.losses.append(losses)
                masking.clear_gradients()
                optimizer.step()
                update += 1
                progress.update()
            seen = sum(batches.sizes)
            mean = _mean_loss(epoch.losses, batches.sizes, update)
            seconds = time.monotonic() - started
            accuracy = epoch.accuracy()
            result.epochs.append({"loss": mean, "accuracy": accuracy, "seconds": round(seconds, 3)})
            progress.epoch(number, mean, accuracy, seen / seconds)
    progress.close()
    if update in result.updates:
        result.early[update] = _copy(model)
    masking.check()
    return result


@torch.no_grad()
def measure(
    model: nn.Module,
    task: Task,
    images: Images,
    dataset: Dataset,
    augmentation: Augmentation,
) -> dict[str, Any]:
    """Mean loss and accuracy (0..1) over all test images, each seen exactly once.

    Images are tested without `augmentation`, but for a task that compares views of an image.
    """
    model.eval()
    stream = seeds.generator(0, "test augmentation", device=images.pixels.device)
    loss = torch.zeros((), dtype=torch.float64)
    correct = judged = total = 0
    for pixels, labels in zip(
        images.pixels.split(TEST_BATCH), images.labels.split(TEST_BATCH), strict=True
    ):
        view = partial(augment, pixels, augmentation, stream, dataset.image_size)
        inputs, targets = task.examples(view, labels)
        outputs = model(_arrange(normalise(inputs, dataset)))
        loss += task.loss(outputs, targets).item() * len(targets)
        right = task.correct(outputs, targets)
        correct += int(right.sum())
        judged += len(right)
        total += len(targets)
    return {"loss": loss.item() / total, "accuracy": correct / judged, "examples": judged}


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Adam with L2 in the gradient (not AdamW): Section 4.5's natural sparsity comes from it."""
    if recipe.optimizer == "adam":
        return torch.optim.Adam(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
    return torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )


def _state(
    update: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    result: Result,
    epoch: _Epoch,
) -> dict[str, Any]:
    """All that the rest of a training depends on, and what its report holds so far."""
    return {
        "update": update,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "early": result.early,
        "inputs": result.inputs,
        "epochs": result.epochs,
        "epoch": {
            "losses": epoch.losses,
            "right": int(epoch.right),
            "judged": epoch.judged,
            "seconds": epoch.seconds,
        },
    }


def _arrange(inputs: Tensor) -> Tensor:
    return inputs.contiguous(memory_format=torch.channels_last)


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in model.state_dict().items()
    }


def _mean_loss(losses: list[Tensor], sizes: list[int], update: int) -> float:
    """Over the images of an epoch that ended with so many updates."""
    values: list[float] = torch.stack(losses).tolist()
    for index, value in enumerate(values):
        if not math.isfinite(value):
            at = update - len(values) + index + 1
            raise LotteryError(
                f"the loss is {value} at update {at}: the training diverged; "
                "lower the recipe's learning_rate"
            )
    return math.fsum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes)


def summary(mask: Mask, measured: dict[str, Any], result: Result) -> dict[str, Any]:
    """The result part of a training's report."""
    return {
        "test": measured,
        "remaining": mask.remaining,
        "total": mask.total,
        "density": mask.density,
        "empty_layers": mask.empty_layers(),
        "inputs": result.inputs,
        "epochs": result.epochs,
    }
