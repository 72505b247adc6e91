"""Updates, epochs, samples and the learning rate, all counted in updates from 0."""

import bisect
import math
from typing import NamedTuple

from lottery.errors import LotteryError
from lottery.specs import Recipe, Rewind


class Behind(NamedTuple):
    """The training that weights have behind them."""

    updates: int = 0
    samples: int = 0
    """Images seen, however many views the network got of each."""

    def then(self, more: "Behind") -> "Behind":
        """The sum of it and of a training that follows."""
        return Behind(self.updates + more.updates, self.samples + more.samples)


class Schedule:
    """The schedule of one training, given the sizes of an epoch's batches.

    For a retraining, `rewind` says where in the schedule it begins, see `Rewind.schedule`. With
    `longer` the updates up to that point are made first, and then all of the schedule.

    Raises: LotteryError if it would begin after its end.
    """

    def __init__(
        self,
        recipe: Recipe,
        batch_sizes: list[int],
        rewind: Rewind | None = None,
        longer: Rewind | None = None,
    ) -> None:
        self._recipe = recipe
        self._batch_sizes = batch_sizes
        self._at_end = rewind is not None and rewind.schedule == "end"
        self.updates_per_epoch = len(batch_sizes)
        self.updates = recipe.epochs * self.updates_per_epoch
        self.first = 0
        """The update at which the training begins."""
        if rewind is not None and rewind.schedule == "continue":
            self.first = self.update_at(rewind)
        self.before = 0 if longer is None else self.update_at(longer)
        """How many updates come before the schedule: as many of its first ones."""
        self.updates += self.before

    def made(self) -> Behind:
        """The updates of this training, and the images seen in them."""
        length = self.updates - self.before
        seen = self._samples(self.before) + self._samples(length) - self._samples(self.first)
        return Behind(self.updates - self.first, seen)

    def behind(self, update: int) -> Behind:
        """Those before an update of the schedule."""
        return Behind(update, self._samples(update))

    def _samples(self, update: int) -> int:
        epochs, rest = divmod(update, self.updates_per_epoch)
        return epochs * sum(self._batch_sizes) + sum(self._batch_sizes[:rest])

    def place(self, update: int) -> int:
        """The place of an update in the schedule, which those before it begin as well."""
        return update - self.before if update >= self.before else update

    def learning_rate(self, update: int) -> float:
        """The rate of an update: linear warm-up from 0, then steps down at the milestones."""
        recipe, update = self._recipe, self.place(update)
        if self._at_end:
            return recipe.learning_rate * recipe.gamma ** len(recipe.milestones)
        epoch = update // self.updates_per_epoch
        rate = recipe.learning_rate * recipe.gamma ** bisect.bisect_right(recipe.milestones, epoch)
        warmup = recipe.warmup_epochs * self.updates_per_epoch
        return rate * min(1.0, (update + 1) / warmup) if warmup else rate

    def update_at(self, point: Rewind) -> int:
        """The number of updates done when a rewind point is reached, rounded up.

        Raises: LotteryError if the training ends earlier.
        """
        if point.none:
            update = 0
        elif point.samples is not None:
            epochs, rest = divmod(point.samples, sum(self._batch_sizes))
            update = epochs * self.updates_per_epoch
            for size in self._batch_sizes:
                if rest <= 0:
                    break
                rest -= size
                update += 1
        elif point.updates is not None:
            update = point.updates
        elif point.epochs is not None:
            update = _ceil(point.epochs * self.updates_per_epoch)
        else:
            assert point.percent is not None
            update = _ceil(point.percent / 100 * self.updates)
        if update > self.updates:
            given = point.model_dump(exclude_none=True, exclude_defaults=True)
            raise LotteryError(
                f"rewind point {given} is update {update}, the training ends at {self.updates}"
            )
        return update


def _ceil(value: float) -> int:
    return math.ceil(round(value, 6))  # 0.1 * 30 is 3, not 3.0000000000000004
