"""Where a rewind point lies in a training, in four units (Appendix B, Table 1). Only computed."""

from lottery.catalogue.tasks import TASKS
from lottery.errors import LotteryError
from lottery.figure_specs import CurveSpec, RewindTable
from lottery.specs import Rewind, images_per_update, samples_per_epoch
from lottery.tables import Read, Rows

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "epochs",
    "samples",
    "updates",
    "percent",
]


def rows(figure: str, table: RewindTable, results: str, read: Read) -> Rows:
    """One row per ticket."""
    return [
        {
            "figure": figure,
            "panel": curve.panel,
            "curve": curve.curve,
            "ticket": curve.chain.ticket,
            **in_all_units(curve),
        }
        for curve in table.curves
    ]


def in_all_units(curve: CurveSpec) -> dict[str, float]:
    """The point in epochs, samples, updates and percent of the training, as Table 1 has it.

    These are nominal: batches are of the recipe's size throughout and the subset is its share of
    the data set. A training's last batch of an epoch is smaller, so that it makes a few more
    updates (`Schedule.update_at`).

    Raises: LotteryError if the config does not say how many training images there are.
    """
    training = curve.chain.training
    assert training is not None  # the config lets no baseline into this table
    assert training.rewind is not None  # only a dense training has none
    dataset, recipe = training.dataset, training.recipe
    epoch = samples_per_epoch(dataset, training.subset, training.task)
    if epoch is None:
        raise LotteryError(f"datasets.{dataset.name}.train_images: needed to compute rewind points")
    batch = images_per_update(recipe, TASKS[training.task].views)
    samples = _samples(training.rewind, epoch, batch, recipe.epochs)
    return {
        "epochs": samples / epoch,
        "samples": round(samples),
        "updates": samples / batch,
        "percent": 100 * samples / (epoch * recipe.epochs),
    }


def _samples(point: Rewind, epoch: float, batch: int, epochs: int) -> float:
    if point.none:
        return 0
    if point.samples is not None:
        return point.samples
    if point.epochs is not None:
        return point.epochs * epoch
    if point.updates is not None:
        return point.updates * batch
    assert point.percent is not None
    return point.percent / 100 * epochs * epoch
