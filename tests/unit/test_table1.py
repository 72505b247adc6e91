"""Table 1: where a rewind point lies in its training, in four units (Appendix B)."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lottery import config, tasks
from lottery.data.batches import UNLABELLED, Batches
from lottery.errors import LotteryError
from lottery.figure_specs import CurveSpec
from lottery.specs import Rewind
from lottery.tables import rewind
from lottery.training.schedule import Schedule
from tests.conftest import REPOSITORY

PAPER = config.load([REPOSITORY / "config.yaml"])
TABLE = PAPER.aggregate("table1").table
COUNTED = ["samples", "updates"]
UNITS = [*COUNTED, "epochs", "percent"]


def significant(value, digits):
    return float(f"{value:.{digits}g}")


ROWS = [
    ("imagenet-labels-resnet50", 3, 2500, 3.3, 2505),
    ("imagenet-images-30-resnet50", 10, 2500, 5.0, 2510),
    ("imagenet-images-10-resnet50", 30, 5000, 15, 5010),
    ("imagenet-images-1-resnet50", 300, 5000, 30, 5100),
]


@pytest.mark.parametrize(("ticket", "epochs", "updates", "percent", "own"), ROWS)
def test_a_row_is_the_papers_beside_the_update_after_which_w_k_is_saved(
    ticket, epochs, updates, percent, own
):
    (row,) = [row for row in rewind.rows("table1", TABLE, "", None) if row["ticket"] == ticket]
    assert row["epochs"] == pytest.approx(epochs)
    assert significant(row["samples"] / 3, 3) == 1_280_000
    assert significant(row["updates"], 2) == updates
    assert significant(row["percent"], 2) == percent
    assert row["saved_after"] == own


def test_the_table_has_the_papers_four_rows():
    rows = rewind.rows("table1", TABLE, "", None)
    assert [row["ticket"] for row in rows] == [ticket for ticket, *_ in ROWS]
    assert all(list(row) == rewind.COLUMNS for row in rows)


def changed(curve, point, images=None, **recipe):
    """A row of the table with another rewind point, data set size and recipe."""
    training = curve.chain.training
    size = {"train_images": images or training.dataset.train_images}
    update = {
        "rewind": point,
        "dataset": training.dataset.model_copy(update=size),
        "recipe": training.recipe.model_copy(update=recipe),
    }
    chain = curve.chain.model_copy(update={"training": training.model_copy(update=update)})
    return curve.model_copy(update={"chain": chain})


@st.composite
def points(draw, updates, epochs, batch_size):
    """A point of a training of so many nominal updates, in any unit."""
    share = draw(st.floats(0, 1))
    unit = draw(st.sampled_from(UNITS))
    end = {
        "samples": updates * batch_size,
        "updates": updates,
        "epochs": epochs,
        "percent": 100,
    }[unit]
    value = share * end
    return Rewind(**{unit: int(value) if unit in COUNTED else value})


@given(st.sampled_from(TABLE.curves), st.data())
def test_the_units_agree(curve, data):
    recipe = curve.chain.training.recipe
    last = rewind.in_all_units(changed(curve, Rewind(percent=100.0)))
    point = data.draw(points(last["updates"], recipe.epochs, recipe.batch_size))
    found = rewind.in_all_units(changed(curve, point))
    assert found["samples"] == pytest.approx(found["updates"] * recipe.batch_size, abs=1)
    assert found["percent"] == pytest.approx(100 * found["epochs"] / recipe.epochs)
    assert found["updates"] == pytest.approx(last["updates"] * found["percent"] / 100)
    unit, value = next(iter(point.model_dump(exclude_none=True).items()))
    assert found[unit] == pytest.approx(value)


@given(st.sampled_from(TABLE.curves), st.data(), st.sampled_from(UNITS))
def test_the_same_point_in_another_unit_is_the_same_row(curve, data, unit):
    recipe = curve.chain.training.recipe
    last = rewind.in_all_units(changed(curve, Rewind(percent=100.0)))
    point = data.draw(points(last["updates"], recipe.epochs, recipe.batch_size))
    found = rewind.in_all_units(changed(curve, point))
    value = round(found[unit]) if unit in COUNTED else min(found[unit], last[unit])
    again = rewind.in_all_units(changed(curve, Rewind(**{unit: value})))
    rounding = recipe.batch_size / 2 if unit == "updates" else 1
    assert again["samples"] == pytest.approx(found["samples"], abs=rounding + 1)
    slack = (rounding + 1) / last["samples"]
    for other in ("epochs", "updates", "percent"):
        assert again[other] == pytest.approx(found[other], abs=slack * last[other])


def test_a_data_set_of_unknown_size_is_refused(tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("datasets: {imagenet: {train_images: null}}\n")
    table = config.load([REPOSITORY / "config.yaml", overlay]).aggregate("table1").table
    with pytest.raises(LotteryError) as error:
        rewind.rows("table1", table, "", None)
    (line,) = str(error.value).splitlines()
    assert line.startswith("datasets.imagenet.train_images: ")


def schedule(curve):
    """That of a training on nominally many images, in batches as the training loop makes them."""
    training = curve.chain.training
    recipe, size = training.recipe, training.dataset.train_images
    task = tasks.make(training.task, recipe)
    drawn = math.ceil(size * training.subset.share(size, training.dataset.classes))
    labels = torch.zeros(size if task.hides_labels else drawn, dtype=torch.long)
    labels[drawn:] = UNLABELLED
    batch = recipe.batch_size // (task.views if recipe.batch_counts == "copies" else 1)
    return Schedule(recipe, Batches(labels, batch, 0, hidden=task.hides_labels).sizes)


def test_a_semi_supervised_training_is_counted_as_in_s4l():
    """docs/paper.md's table: an epoch is a pass over the labelled images, 256 of them an update."""
    chain = PAPER.chain("imagenet-semi-supervised-resnet50", 0)
    nominal = rewind.in_all_units(CurveSpec(panel="", curve="", chain=chain))
    assert nominal["samples"] == 3_843_501, "labelled and unlabelled ones"
    assert nominal["epochs"] == pytest.approx(15)
    assert significant(nominal["updates"], 4) == 7507
    assert nominal["percent"] == pytest.approx(7.5)
    made = schedule(CurveSpec(panel="", curve="", chain=chain))
    assert (made.updates_per_epoch, made.updates) == (501, 100_200)
    saved = made.update_at(chain.training.rewind)
    assert saved == 7515
    assert made.learning_rate(saved) == 0.1, "after the warm-up, which is over at update 2505"
    assert made.learning_rate(2503) < 0.1
    decays = [
        u for u in range(1, made.updates) if made.learning_rate(u) < made.learning_rate(u - 1)
    ]
    assert decays == [140 * 501, 160 * 501, 180 * 501]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "ticket",
    [
        *(ticket for ticket, *_ in ROWS),
        "cifar10-rotnet-resnet18",
        "imagenet-classes-10-resnet50",
        "imagenet-exemplar-resnet50",
        "imagenet-images-10-resnet50-percent",
        "imagenet-rotnet-alexnet",
        "imagenet-rotnet-resnet50",
        "imagenet-semi-supervised-resnet50",
        "places365-labels-resnet50",
    ],
)
def test_smaller_last_batches_make_at_most_an_update_more_per_epoch(ticket, unit):
    curve = CurveSpec(panel="", curve="", chain=PAPER.chain(ticket, 0))
    nominal = rewind.in_all_units(curve)
    value = round(nominal[unit]) if unit in COUNTED else nominal[unit]
    update = rewind.saved_after(changed(curve, Rewind(**{unit: value})))
    assert update == schedule(curve).update_at(Rewind(**{unit: value}))
    assert round(nominal["updates"]) <= update <= nominal["updates"] + nominal["epochs"] + 1


@given(st.integers(2, 2000), st.integers(2, 300), st.integers(1, 20), st.data())
def test_w_k_is_saved_by_the_nominal_update_and_one_more_per_epoch(images, batch, epochs, data):
    images += images % batch == 1  # a single left-over image joins the batch before it
    point = data.draw(points(epochs * images / batch, epochs, batch))
    curve = changed(TABLE.curves[0], point, images, batch_size=batch, epochs=epochs)
    nominal = rewind.in_all_units(curve)
    update = schedule(curve).update_at(point)
    assert nominal["updates"] - 1e-5 <= update <= nominal["updates"] + nominal["epochs"] + 1
