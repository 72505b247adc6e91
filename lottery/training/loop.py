"""Training a network under a mask."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import torch
from torch import nn

from lottery import seeds
from lottery.data.batches import Batches, MicroBatch, MicroBatches
from lottery.data.sources import Source, View
from lottery.errors import Stopped
from lottery.messages import log
from lottery.pruning.mask import Mask
from lottery.specs import Recipe, Rewind, images_per_update
from lottery.tasks import Task
from lottery.training.checkpoints import Checkpoints, Request
from lottery.training.divergence import CHECKED_EVERY, check_losses, check_weights
from lottery.training.execution import Execution, Network
from lottery.training.masking import Masking
from lottery.training.optimizers import Optimizer
from lottery.training.progress import Progress
from lottery.training.running_statistics import RunningStatistics
from lottery.training.schedule import Schedule
from lottery.training.state import State
from lottery.training.statistics import EpochStatistics, Result


@dataclass
class TrainingLoop:
    """A training that minimises the task's loss of f_{m * W} (Eq. 1), in place.

    `model` is on the source's device. The order of epoch e derives from (seed, e); augmentation,
    dropout and what the task draws for a micro-batch from (seed, its number). W_k is copied at each
    of the points `rewinds`; a retraining may begin later in its schedule, as `rewind` says, and a
    baseline makes the updates up to the point `longer` first, with the same images, and then begins
    anew with its optimizer and its schedule, as a ticket does at W_k. `label` names the training in
    its progress.

    A batch is cut into the recipe's number of micro-batches, each with batch-norm statistics, and
    negatives in a triplet loss, of its own. The gradients of their mean losses are averaged as
    DistributedDataParallel does, however many processes share them.

    With `checkpoints` it resumes from the newest of them, on the CPU to the same bits as if it had
    never been stopped. `most` ends it after so many updates, wherever its schedule is then.
    """

    model: nn.Module
    task: Task
    source: Source
    recipe: Recipe
    seed: int
    mask: Mask
    rewinds: Sequence[Rewind] = ()
    label: str = "training"
    checkpoints: Checkpoints | None = None
    execution: Execution = field(default_factory=Execution)
    rewind: Rewind | None = None
    longer: Rewind | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        model, recipe, task = self.model, self.recipe, self.task
        source, world = self.source, self.execution.world
        labels = task.supervise(source.labels, self.seed)
        size = images_per_update(recipe, task.views)
        self._batches = Batches(labels, size, self.seed, recipe.micro_batches, task.hides_labels)
        self.schedule = Schedule(recipe, self._batches.sizes, self.rewind, self.longer)
        self._masking = Masking(model, self.mask)
        self._optimizer = Optimizer(model, recipe)
        points = [self.schedule.update_at(point) for point in self.rewinds]
        result = Result([self.schedule.behind(update) for update in points], self.schedule.made())
        first, end = self.schedule.first, self.schedule.updates
        self._end = end if self.most is None else min(end, first + self.most)
        self._state = State(model, self._optimizer, source.device, world, first, result)
        if self.checkpoints:
            self._state.restore(self.checkpoints)
        self._first = self._state.update
        self._progress = Progress(self.label, recipe.epochs, len(self._batches))
        self._progress.resume(max(0, self._first - self.schedule.before))
        usual = self._batches.usual * task.views
        self._network = Network(model, source.dataset, self.execution, usual)
        self._running_statistics = RunningStatistics(model)
        self._log_division(size)

    def run(self) -> Result:
        """Train to the end.

        Raises: LotteryError if the training diverged (with its update), or a pruned weight
            revived; Stopped if it was asked to stop, with a checkpoint saved.
        """
        device, state = self.source.device, self._state
        views = self._views()
        self.model.train()
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            for update in range(self._first, self._end):
                if update == self.schedule.before > 0:
                    self._optimizer.forget()
                    state.epoch = EpochStatistics(device)
                state.keep_early()
                self._save_or_stop()
                self._optimizer.learning_rate = self.schedule.learning_rate(update)
                self._optimizer.zero_grad()
                state.epoch.begin_update()
                for micro_batch, view in self._next_batch(views):
                    self._backward(micro_batch, view)
                self._masking.clear_gradients()
                self._optimizer.step()
                state.update = update + 1
                self._after_update()
        self._finish()
        return state.result

    def _views(self) -> Iterator[tuple[MicroBatch, View]]:
        """The micro-batches of this process in all updates to come."""
        world, before = self.execution.world, self.schedule.before
        middle = min(max(self._first, before), self._end)
        parts = [(self._first, middle), (middle - before, self._end - before)]
        own = chain.from_iterable(
            self._batches.micro_batches(first, last, world.rank, world.size).each
            for first, last in parts
        )
        micro_batches = MicroBatches(own, self._batches.largest)
        augmentation, crops = self.recipe.augmentation, self.task.crops
        return self.source.views(micro_batches, augmentation, crops, self.seed, "augmentation")

    def _next_batch(
        self, views: Iterator[tuple[MicroBatch, View]]
    ) -> Iterator[tuple[MicroBatch, View]]:
        """The micro-batches of one update."""
        last = False
        while not last:
            with self._state.epoch.waiting.counted():
                micro_batch, view = next(views)
            yield micro_batch, view
            last = micro_batch.last

    def _backward(self, micro_batch: MicroBatch, view: View) -> None:
        """Forward and backward pass."""
        task, device, number = self.task, self.source.device, micro_batch.number
        stream = seeds.generator(self.seed, "task", number, device=device)
        labels = micro_batch.labels.to(device, non_blocking=True)
        inputs, targets = task.examples(view, labels, stream)
        torch.manual_seed(seeds.derive(self.seed, "dropout", number))
        with self._network.synchronised(micro_batch.last):
            outputs = self._network(inputs)
            loss = task.loss(outputs, targets) * micro_batch.weight
            # DistributedDataParallel takes the mean over processes; a batch's loss is their sum.
            (loss * self.execution.world.size).backward()
        self._running_statistics.keep_first(micro_batch)
        if micro_batch.weight:
            self._state.epoch.add(loss.detach(), task.correct(outputs.detach(), targets))
            self._state.result.inputs += len(inputs)

    def _save_or_stop(self) -> None:
        """Save or stop, if requested, between two updates."""
        state, checkpoints = self._state, self.checkpoints
        if checkpoints is None:
            return
        request = self.execution.world.all_reduce_max(checkpoints.request)  # all save, or none
        if request == Request.END and state.update == self._first:
            return  # each job trains for at least one update, however short it is
        if request != Request.NOTHING:
            state.save(checkpoints)
        if request >= Request.END:
            raise Stopped(f"stopped after {state.update} of {self.schedule.updates} updates")

    def _after_update(self) -> None:
        """Show an update, check the losses now and then, and sum up an epoch that is over."""
        state, world = self._state, self.execution.world
        done = state.update - self.schedule.before
        if done > 0:
            self._progress.update()
        epoch, rest = divmod(done, len(self._batches))
        over = done > 0 and not rest
        if not over and done and state.update % CHECKED_EVERY:
            return
        totals = state.epoch.totals(world)
        check_losses(totals.losses, state.update, self.checkpoints)
        if not over:
            return
        sizes = self._batches.sizes[-len(totals.losses) :]  # its first epoch may be a part of one
        summary = state.epoch.summary(totals, sizes)
        state.result.epochs.append(summary.rounded())
        speed = sum(sizes) / summary.seconds
        self._progress.epoch(epoch - 1, summary.loss, summary.accuracy, speed, summary.waiting)
        state.epoch = EpochStatistics(self.source.device)

    def _finish(self) -> None:
        state, world = self._state, self.execution.world
        self._progress.close()
        state.keep_early()
        check_weights(self.model, state.update, self.checkpoints)
        self._masking.check()
        if self.checkpoints and world.all_reduce_max(int(self.checkpoints.last() is not None)):
            state.save(self.checkpoints)  # if stopped in its test, it need not train again
        world.share_buffers(self.model)
        state.result.inputs = state.total_inputs()

    def _log_division(self, size: int) -> None:
        """How often it begins, and how the processes share a batch of `size` images."""
        if self.schedule.before:
            log(f"{self.label}: {self.schedule.before:,} updates as before W_k, then its schedule")
        parts, processes = self.recipe.micro_batches, self.execution.world.size
        if parts == processes == 1:
            return
        parts = min(parts, size // 2)
        log(
            f"{self.label}: a batch of {size:,} images is {processes} processes x "
            f"{'up to ' if parts % processes else ''}{-(-parts // processes)} "
            f"micro-batches x {self._batches.usual} images"
        )
