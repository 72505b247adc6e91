"""Updates, epochs, samples and the learning rate, all counted in updates from 0."""

import bisect
import math

from lottery.errors import LotteryError
from lottery.specs import Recipe, Rewind


class Schedule:
    """The schedule of one training, given the sizes of an epoch's batches.

    For a retraining, `rewind` says where in the schedule it begins, see `Rewind.schedule`.

    Raises: LotteryError if it would begin after its end.
    """

    def __init__(
        self, recipe: Recipe, batch_sizes: list[int], rewind: Rewind | None = None
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

    def learning_rate(self, update: int) -> float:
        """The rate of an update: linear warm-up from 0, then steps down at the milestones."""
        recipe = self._recipe
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
