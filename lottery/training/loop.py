"""Training a network under a mask: its updates, epochs and states."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lottery import seeds
from lottery.data.augment import normalise
from lottery.data.batches import Batches, Portion, Portions
from lottery.data.sources import Source, View
from lottery.errors import LotteryError, Stopped
from lottery.messages import log
from lottery.models.layout import layout
from lottery.pruning.mask import Mask
from lottery.specs import Precision, Recipe, Rewind, images_per_update
from lottery.tasks import Task
from lottery.training.checkpoints import Checkpoints, Wish
from lottery.training.distributed import World
from lottery.training.masking import Masking
from lottery.training.precision import autocast
from lottery.training.progress import Progress
from lottery.training.schedule import Schedule
from lottery.training.waiting import Waiting

DIVERGED = 1e6
"""A loss that no training comes back from; one that begins is at 1 to 20."""
CHECKED_EVERY = 100
"""Updates after which the loss is looked at; to do so after each would make a GPU wait."""


@dataclass(frozen=True)
class Machine:
    """What one training runs on, and how; it is no part of what is to come out."""

    world: World = field(default_factory=World)
    precision: Precision = "float32"
    compiled: bool = False


@dataclass
class Result:
    """What a training leaves besides the trained network itself."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    """Per epoch: mean loss, accuracy on the (augmented) training examples, wall time in seconds,
    and the share of it spent waiting for images."""
    updates: list[int] = field(default_factory=list)
    """How many updates precede each W_k that was asked for."""
    early: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    """By such a number, W_k with batch-norm state, on the CPU; in the first process only."""
    inputs: int = 0
    """Images, or views of them, that went through the network."""
    earlier: float = 0.0
    """Seconds that runs which were stopped held their devices for, up to their last states."""


@dataclass
class _Epoch:
    """What an epoch has come to so far in this process."""

    losses: list[Tensor] = field(default_factory=list)
    right: int | Tensor = 0
    judged: int = 0
    seconds: float = 0.0


@dataclass
class TrainingLoop:
    """A training that minimises the task's loss of f_{m * W} (Eq. 1), in place.

    `model` is on the source's device. The order of epoch e derives from (seed, e), augmentation and
    dropout of a portion of a batch from (seed, its number). W_k is copied at each of the points
    `starts`; a retraining may begin later in its schedule, as `rewind` says. `label` names the
    training in its progress.

    A batch is cut into as many portions as the recipe has GPUs, and the gradients of their mean
    losses are averaged as DistributedDataParallel does, however many processes share them: each
    portion has batch-norm statistics, and negatives in a triplet loss, of its own. As with
    DistributedDataParallel the running statistics are those of the first.

    With `checkpoints` it goes on from the newest of them, on the CPU to the same bits as if it had
    never been stopped: nothing but the state in it and the number of updates decides what comes
    next.
    """

    model: nn.Module
    task: Task
    source: Source
    recipe: Recipe
    seed: int
    mask: Mask
    starts: Sequence[Rewind] = ()
    label: str = "training"
    checkpoints: Checkpoints | None = None
    machine: Machine = field(default_factory=Machine)
    rewind: Rewind | None = None

    def __post_init__(self) -> None:
        model, recipe = self.model, self.recipe
        self._world = self.machine.world
        labels = self.task.supervise(self.source.labels, self.seed)
        batch = images_per_update(recipe, self.task.views)
        self._batches = Batches(labels, batch, self.seed, recipe.gpus, self.task.hides_labels)
        self._schedule = Schedule(recipe, self._batches.sizes, self.rewind)
        self._layout = layout(model)
        self._masking = Masking(model, self.mask)
        self._optimizer = optimizer(model, recipe)
        self._result = Result(updates=[self._schedule.update_at(point) for point in self.starts])
        self._progress = Progress(self.label, recipe.epochs, len(self._batches))
        self._epoch, self._waiting = _Epoch(), Waiting(self.source.device)
        self._update = self._schedule.first  # so many are done, or left out
        self._progress.resume(self._update)
        self._started = time.monotonic()
        self._restore()
        self._wrapped = self._world.wrap(model)
        # One graph for the portions of full size; the few others run as they are.
        self._compiled = self._compile() if self.machine.compiled else None
        self._full = self._batches.usual
        buffers = sorted(model.buffers(), key=lambda buffer: str(buffer.dtype))
        groups = itertools.groupby(buffers, key=lambda buffer: buffer.dtype)
        self._statistics = [list(group) for _, group in groups]  # of one type they go at once
        self._first_statistics = [[b.clone() for b in group] for group in self._statistics]
        self._tell_division(batch)

    def run(self) -> Result:
        """Train to the end.

        Raises: LotteryError if the training diverged (with its update), or a pruned weight
            revived; Stopped if it was asked to stop, with its state saved.
        """
        self.model.train()
        device = self.source.device
        self._first = self._update
        last = self._schedule.updates
        mine = self._batches.portions(self._first, last, self._world.rank, self._world.size)
        plan, ahead = itertools.tee(mine)
        portions = Portions(itertools.chain.from_iterable(ahead), self._batches.largest)
        views = self.source.views(
            portions, self.recipe.augmentation, self.task.crops, self.seed, "augmentation"
        )
        started = time.monotonic()
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            for batch in plan:
                self._between_updates(started)
                self._learn(batch, views)
                self._update += 1
                self._progress.update()
                if self._update % len(self._batches) == 0:
                    self._end_epoch(started)
                    started = time.monotonic()
                elif self._update % CHECKED_EVERY == 0:
                    self._check_losses(self._totals(self._epoch)[0])
        self._progress.close()
        self._copy_early()
        self._check_weights()
        self._masking.check()
        if self.checkpoints and self._world.most(int(self.checkpoints.last() is not None)):
            self._save(self.checkpoints, 0.0)  # so that stopped in its test it trains no more
        self._world.share_buffers(self.model)
        self._result.inputs = int(self._world.sum(torch.tensor(self._result.inputs)))
        return self._result

    def _between_updates(self, started: float) -> None:
        """Copy W_k, save the state, stop: whatever is due."""
        self._copy_early()
        if self.checkpoints is None:
            return
        wish = self._world.most(self.checkpoints.wish)  # all processes save, or none
        if wish == Wish.END and self._update == self._first:
            return  # each job brings the training forward, however short it is
        if wish != Wish.NOTHING:
            self._save(self.checkpoints, time.monotonic() - started)
        if wish >= Wish.END:
            raise Stopped(f"stopped after {self._update} of {self._schedule.updates} updates")

    def _learn(self, batch: list[Portion], views: Iterator[View]) -> None:
        """One update, of this process's portions of the batch."""
        epoch, device, world = self._epoch, self.source.device, self._world
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule.learning_rate(self._update)
        self._optimizer.zero_grad(set_to_none=True)
        losses = torch.zeros((), device=device)
        for place, portion in enumerate(batch):
            with self._waiting.counted():
                view = next(views)
            torch.manual_seed(seeds.derive(self.seed, "dropout", portion.number))
            network: Callable[..., Tensor] = self._wrapped
            if self._compiled is not None and len(portion.indices) == self._full:
                network = self._compiled
            with world.accumulating(self._wrapped, more=place + 1 < len(batch)):
                labels = portion.labels.to(device, non_blocking=True)
                inputs, targets = self.task.examples(view, labels)
                outputs = forward(network, inputs, self.source, self._layout, self.machine)
                loss = self.task.loss(outputs, targets) * portion.weight
                (loss * world.size).backward()  # of which DistributedDataParallel takes the mean
            if portion.weight:
                losses += loss.detach()
                correct = self.task.correct(outputs.detach(), targets)
                epoch.right = epoch.right + correct.sum()
                epoch.judged += len(correct)
                self._result.inputs += len(inputs)
            if len(batch) > 1:
                self._keep_first_statistics(place)
        epoch.losses.append(losses)
        self._masking.clear_gradients()
        self._optimizer.step()

    def _keep_first_statistics(self, place: int) -> None:
        """Running batch-norm statistics are those of a batch's first portion."""
        with torch.no_grad():
            for now, first in zip(self._statistics, self._first_statistics, strict=True):
                torch._foreach_copy_(first, now) if place == 0 else torch._foreach_copy_(now, first)

    def _end_epoch(self, started: float) -> None:
        epoch, self._epoch = self._epoch, _Epoch()
        losses, right, judged = self._totals(epoch)  # for which a GPU has to finish its work
        self._check_losses(losses)
        seconds = time.monotonic() - started + epoch.seconds
        sizes = self._batches.sizes[-len(losses) :]  # an epoch may begin in its middle
        mean = math.fsum(v * n for v, n in zip(losses, sizes, strict=True)) / sum(sizes)
        waiting = self._waiting.seconds() / seconds
        self._waiting = Waiting(self.source.device)
        self._result.epochs.append(
            {
                "loss": mean,
                "accuracy": right / judged,
                "seconds": round(seconds, 3),
                "waiting": round(waiting, 4),
            }
        )
        number = self._update // len(self._batches) - 1
        self._progress.epoch(number, mean, right / judged, sum(sizes) / seconds, waiting)

    def _totals(self, epoch: _Epoch) -> tuple[list[float], int, int]:
        """Losses of the updates, examples that are right and that are judged, in all processes."""
        counts = torch.tensor([int(epoch.right), epoch.judged], dtype=torch.float64)
        losses = torch.stack(epoch.losses) if epoch.losses else torch.zeros(0)
        total = self._world.sum(torch.cat([losses.to("cpu", torch.float64), counts])).tolist()
        return total[:-2], int(total[-2]), int(total[-1])

    def _check_losses(self, losses: list[float]) -> None:
        """Raises: LotteryError if a loss of the epoch's updates so far is not one to go on from."""
        for index, value in enumerate(losses):
            if not value < DIVERGED:  # nor is NaN
                raise self._diverged(f"the loss is {value}", self._update - len(losses) + index + 1)

    def _check_weights(self) -> None:
        """Raises: LotteryError if one is not finite."""
        if not all(torch.stack([w.isfinite().all() for w in self.model.parameters()]).tolist()):
            raise self._diverged("a weight is not finite", self._update)

    def _diverged(self, what: str, update: int) -> LotteryError:
        good = self.checkpoints.last() if self.checkpoints else None
        return LotteryError(
            f"{what} at update {update}: the training diverged; lower the recipe's learning_rate"
            + (f" (the last good state is {good})" if good else "")
        )

    def _copy_early(self) -> None:
        if self._update in self._result.updates and self._world.rank == 0:
            self._result.early[self._update] = {
                name: value.detach().to("cpu", copy=True).contiguous()
                for name, value in self.model.state_dict().items()
            }

    def _save(self, checkpoints: Checkpoints, seconds: float) -> None:
        """All that the rest of the training depends on, and what its report holds so far."""
        losses, right, judged = self._totals(self._epoch)
        self._check_losses(losses)
        self._check_weights()
        inputs = int(self._world.sum(torch.tensor(self._result.inputs)))
        if self._world.rank == 0:
            state = {
                "update": self._update,
                "model": self.model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "early": self._result.early,
                "inputs": inputs,
                "earlier": self._result.earlier
                + (time.monotonic() - self._started) * self._world.size,
                "epochs": self._result.epochs,
                "epoch": {
                    "losses": torch.tensor(losses, dtype=torch.float64),
                    "right": right,
                    "judged": judged,
                    "seconds": self._epoch.seconds + seconds,
                    "waited": self._waiting.seconds(),
                },
            }
            checkpoints.save(self._update, state)
        self._world.most(0)  # none goes on, or ends, before the state is saved
        checkpoints.saved()

    def _restore(self) -> None:
        """Go on from the newest state, which the first process reads for all."""
        state = None
        if self.checkpoints and self._world.rank == 0:
            state = self.checkpoints.newest()
        shared = self._world.from_first(state and (state["update"], state["optimizer"]))
        if shared is None:
            return
        self._update, moments = shared
        self._optimizer.load_state_dict(moments)
        self._progress.resume(self._update)
        device = self.source.device
        done = min(self._update % len(self._batches), self._update - self._schedule.first)
        if state is None:  # another process, whose share is in the first one's state
            self._epoch.losses = [torch.zeros((), device=device) for _ in range(done)]
            return
        self.model.load_state_dict(state["model"])
        result, epoch = self._result, dict(state["epoch"])
        for name in ("early", "inputs", "earlier", "epochs"):
            setattr(result, name, state[name])
        epoch["losses"] = list(epoch["losses"].to(device))
        self._waiting = Waiting(device, epoch.pop("waited"))
        self._epoch = _Epoch(**epoch)

    def _compile(self) -> Callable[..., Tensor]:
        """The network through torch.compile, which on a CPU chooses channels last unless told."""
        chosen = self._layout == torch.channels_last
        return torch.compile(self._wrapped, dynamic=False, options={"layout_optimization": chosen})

    def _tell_division(self, batch: int) -> None:
        """How the processes share a batch."""
        if self.recipe.gpus == 1 and self._world.size == 1:
            return
        parts = min(self.recipe.gpus, batch // 2)
        log(
            f"{self.label}: a batch of {batch:,} images is {self._world.size} processes x "
            f"{'up to ' if parts % self._world.size else ''}{-(-parts // self._world.size)} "
            f"portions x {self._full} images"
        )


def forward(
    network: Callable[..., Tensor],
    inputs: Tensor,
    source: Source,
    arrangement: torch.memory_format,
    machine: Machine,
) -> Tensor:
    """What a network says to uint8 inputs of a source, computed in the machine's precision."""
    with autocast(machine.precision, source.device):
        pixels = normalise(inputs, source.dataset)
        outputs = network(pixels.contiguous(memory_format=arrangement))
    return outputs.float() if outputs.dtype == torch.bfloat16 else outputs


def optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Adam with L2 in the gradient (not AdamW): Section 4.5's natural sparsity comes from it."""
    if recipe.optimizer == "adam":
        return torch.optim.Adam(
            model.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
    return torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
