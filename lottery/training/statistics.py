"""The statistics of a training, for its report and its progress."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from lottery.training.distributed import World
from lottery.training.schedule import Behind
from lottery.training.waiting import Waiting


@dataclass
class Result:
    """What a training leaves besides the trained network itself."""

    points: list[Behind] = field(default_factory=list)
    """What precedes each W_k, in the order of the points asked for."""
    made: Behind = field(default_factory=Behind)
    """All updates of the training."""
    epochs: list[dict[str, float]] = field(default_factory=list)
    """Per epoch: mean loss, accuracy on the (augmented) training examples, wall time in seconds,
    and the fraction of it spent waiting for images."""
    early: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    """W_k with its batch-norm state by number of updates, on the CPU; in the first process only."""
    inputs: int = 0
    """Images, or views of them, that went through the network."""
    earlier: float = 0.0
    """Seconds for which earlier, stopped runs held their devices, up to their last checkpoints."""


class Totals(NamedTuple):
    """The sums of an epoch over all processes."""

    losses: list[float]
    """The loss of each update, mean over the batch."""
    correct: int
    """Evaluated examples that the network got right."""
    evaluated: int
    """Examples that count for the accuracy."""


class EpochSummary(NamedTuple):
    """A finished epoch."""

    loss: float
    accuracy: float
    """0 to 1."""
    seconds: float
    waiting: float
    """Fraction of them spent waiting for images."""

    def rounded(self) -> dict[str, float]:
        """For a report."""
        seconds, waiting = round(self.seconds, 3), round(self.waiting, 4)
        return {**self._asdict(), "seconds": seconds, "waiting": waiting}


class EpochStatistics:
    """The current epoch as seen by this process; the clock starts with the object.

    Losses stay on the device until they are needed: reading each would make a GPU wait.
    """

    def __init__(self, device: torch.device, seconds: float = 0.0, waited: float = 0.0) -> None:
        self.losses: list[Tensor] = []
        """The loss of each update, scalars on the device."""
        self.correct: int | Tensor = 0
        self.evaluated = 0
        self.waiting = Waiting(device, waited)
        self._device = device
        self._started = time.monotonic() - seconds

    def begin_update(self) -> None:
        """Begin an update, over whose micro-batches the losses are summed."""
        self.losses.append(torch.zeros((), device=self._device))

    def add(self, loss: Tensor, correct: Tensor) -> None:
        """Add a micro-batch: its part of the update's loss; which evaluated examples are right."""
        self.losses[-1] += loss
        self.correct = self.correct + correct.sum()
        self.evaluated += len(correct)

    def seconds(self) -> float:
        """Seconds since the epoch began, without the time between a stop and the next run."""
        return time.monotonic() - self._started

    def totals(self, world: World) -> Totals:
        """The sums over all processes, which call this together; synchronises with a GPU."""
        counts = torch.tensor([int(self.correct), self.evaluated], dtype=torch.float64)
        losses = torch.stack(self.losses) if self.losses else torch.zeros(0)
        summed = torch.cat([losses.to("cpu", torch.float64), counts])
        *means, correct, evaluated = world.all_reduce_sum(summed).tolist()
        return Totals(means, int(correct), int(evaluated))

    def summary(self, totals: Totals, sizes: Sequence[int]) -> EpochSummary:
        """The summary of an epoch, given the number of images in each of its updates."""
        seconds = self.seconds()
        weighted = zip(totals.losses, sizes, strict=True)
        return EpochSummary(
            loss=math.fsum(loss * size for loss, size in weighted) / sum(sizes),
            accuracy=totals.correct / totals.evaluated,
            seconds=seconds,
            waiting=self.waiting.seconds() / seconds,
        )
