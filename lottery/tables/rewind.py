"""Where a rewind point lies in a training (Appendix B, Table 1). Only computed."""

from lottery.catalogue.tasks import TASKS
from lottery.errors import LotteryError
from lottery.figure_specs import CurveSpec, RewindTable
from lottery.specs import (
    Dataset,
    Rewind,
    Training,
    images_per_update,
    nominal_batch_sizes,
    samples_at,
    samples_per_epoch,
)
from lottery.tables import Read, Rows
from lottery.training.schedule import Schedule

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "epochs",
    "samples",
    "updates",
    "percent",
    "saved_after",
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
            "saved_after": saved_after(curve),
        }
        for curve in table.curves
    ]


def in_all_units(curve: CurveSpec) -> dict[str, float]:
    """The point in epochs, samples, updates and percent of the training, as Table 1 has it.

    These are nominal: batches are of the recipe's size throughout and the subset is its share of
    the data set.

    Raises: LotteryError if the config does not say how many training images there are.
    """
    training, point = _rewound(curve)
    dataset, recipe = training.dataset, training.recipe
    epoch = samples_per_epoch(dataset, training.subset, training.task)
    if epoch is None:
        raise _unknown(dataset)
    batch = images_per_update(recipe, TASKS[training.task].views)
    samples = samples_at(point, epoch, batch, recipe.epochs)
    return {
        "epochs": samples / epoch,
        "samples": round(samples),
        "updates": samples / batch,
        "percent": 100 * samples / (epoch * recipe.epochs),
    }


def saved_after(curve: CurveSpec) -> int:
    """The update after which a training saves W_k.

    The last batch of an epoch is smaller, which makes it later than the nominal one. Where a subset
    is drawn, the number of its images is rounded in each class, which may move it by an update or
    two.

    Raises: LotteryError if the config does not say how many training images there are, or if the
        training ends before the rewind point.
    """
    training, point = _rewound(curve)
    dataset, recipe = training.dataset, training.recipe
    sizes = nominal_batch_sizes(dataset, training.subset, training.task, recipe)
    if sizes is None:
        raise _unknown(dataset)
    return Schedule(recipe, sizes).update_at(point)


def _rewound(curve: CurveSpec) -> tuple[Training, Rewind]:
    training = curve.chain.training
    assert training is not None  # the config lets no baseline into this table
    assert training.rewind is not None  # only a dense training has none
    return training, training.rewind


def _unknown(dataset: Dataset) -> LotteryError:
    return LotteryError(f"datasets.{dataset.name}.train_images: needed to compute rewind points")
