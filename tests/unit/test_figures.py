"""From table to figure."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from lottery import config
from lottery.errors import LotteryError
from lottery.figure_specs import PlotSpec
from lottery.figures import sparsity, style
from lottery.figures.accuracy import summary
from lottery.stages.plot import plot
from tests.conftest import REPOSITORY

SPEC = PlotSpec(
    figure="f",
    kind="accuracy",
    title="Title",
    scale="demo",
    panels=("18",),
    columns=1,
    points=12,
)


def table(path, **changes):
    rows = [
        {"panel": "18", "curve": curve, "seed": seed, "round": round, "density": 0.5**round,
         "accuracy": 0.9 - 0.1 * round * seed}
        for curve in ("Labels", "None")
        for seed in (0, 1)
        for round in (0, 1, 2)
    ]  # fmt: skip
    pd.DataFrame(rows).assign(**changes).to_csv(path, index=False)
    return str(path)


def test_the_error_is_the_standard_error_over_seeds():
    rows = pd.DataFrame(
        {"round": [1, 1, 1], "density": [0.2] * 3, "accuracy": [0.1, 0.2, 0.6], "seed": [0, 1, 2]}
    )
    found = summary(rows).loc[1]
    assert found["mean"] == pytest.approx(0.3)
    assert found["error"] == pytest.approx(np.std([0.1, 0.2, 0.6], ddof=1) / np.sqrt(3))
    assert found["seeds"] == 3
    assert np.isnan(summary(rows[:1]).loc[1]["error"]), "one seed has no error"


def test_a_figure_is_the_same_bytes_for_the_same_table(tmp_path):
    rows = table(tmp_path / "t.csv")
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    plot(SPEC, rows, [str(first), str(tmp_path / "a.png")])
    plot(SPEC, rows, [str(second)])
    assert first.read_bytes() == second.read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"panel": "other"}, "no rows of panel '18'"), ({"accuracy": None}, "accuracy")],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, changes, words):
    path = tmp_path / "t.csv"
    table(path, **changes)
    if "accuracy" in changes:
        pd.read_csv(path).drop(columns="accuracy").to_csv(path, index=False)
    with pytest.raises(LotteryError, match=words):
        plot(SPEC, str(path), [str(tmp_path / "a.pdf")])


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(LotteryError, match=r"a\.xyz: must end in one of"):
        plot(SPEC, table(tmp_path / "t.csv"), [str(tmp_path / "a.xyz")])


def judged_panels():
    settings = config.load([REPOSITORY / "config.yaml"])
    return [
        pytest.param(list(panel.curves), id=f"{name}, {title}")
        for name, figure in settings.figures.items()
        for title, panel in figure.panels.items()
        if figure.kind in ("accuracy", "sparsity")
    ]


@pytest.mark.parametrize("labels", judged_panels())
def test_in_the_papers_panels_every_curve_has_a_look_of_its_own(labels):
    looks = [style.CURVES[label] for label in labels]
    assert len({look["color"] for look in looks}) == len(labels)
    assert len({look["marker"] for look in looks}) == len(labels)


def svg(tmp_path, spec, rows):
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    with mpl.rc_context({"svg.fonttype": "none"}):
        plot(spec, str(tmp_path / "t.csv"), [str(tmp_path / "f.svg")])
    return (tmp_path / "f.svg").read_text()


def of_kind(kind, **changes):
    return SPEC.model_copy(update={"kind": kind, "points": 1, **changes})


def test_table_1_is_typeset_to_the_papers_digits(tmp_path):
    row = {
        "panel": "18", "curve": "ImageNet 100 %", "epochs": 3.0, "samples": 3843501,
        "updates": 2502.28, "percent": 3.3333,
    }  # fmt: skip
    text = svg(tmp_path, of_kind("rewind"), [row])
    for cell in ("3,843,501", "2,500", "3.3 %", "updates"):
        assert cell in text


def test_a_cost_is_shown_beside_that_with_all_labels(tmp_path):
    rows = [
        {"panel": "18", "curve": curve, "seed": seed, "inputs": inputs, "generation": hours,
         "total": hours + 1}
        for curve, hours, inputs in (("100 %", 10.0, 900), ("10 % of images", 2.0, 200))
        for seed in (0, 1)
    ]  # fmt: skip
    text = svg(tmp_path, of_kind("cost", points=4), rows)
    for cell in ("10.0 h", "2.0 h", "3.0 h", "5.0x", "3.7x", "4.5x"):
        assert cell in text
    assert "partial" not in text


def test_magnitudes_end_at_the_zero_threshold_and_the_legend_tells_the_share(tmp_path):
    rows = [
        {"panel": "18", "curve": "CIFAR-10", "seed": seed, "rank": rank, "magnitude": magnitude,
         "sparsity": 0.8, "zero_threshold": 1e-7}
        for seed in (0, 1)
        for rank, magnitude in ((0.0, 1e-30), (0.5, 1e-9), (1.0, 0.3))
    ]  # fmt: skip
    spec = of_kind("sparsity", points=2)
    assert "CIFAR-10: 80.0% at most 1e-07" in svg(tmp_path, spec, rows)
    (axis,) = sparsity.draw(spec, pd.DataFrame(rows)).axes
    assert axis.get_lines()[0].get_ydata().min() == pytest.approx(1e-7)
    assert axis.get_ylim()[0] == pytest.approx(1e-7)


def test_any_scale_but_the_papers_is_told_on_the_face(tmp_path):
    rows = [
        {"panel": "18", "curve": "Labels", "seed": 0, "round": 0, "density": 1.0, "accuracy": 1.0}
    ]
    assert "scale demo" in svg(tmp_path, SPEC, rows)
    paper = SPEC.model_copy(update={"scale": "paper"})
    assert "scale" not in svg(tmp_path, paper, rows).split("<defs>")[-1]


def test_a_partial_figure_counts_what_is_there(tmp_path):
    rows = [
        {"panel": "18", "curve": "Labels", "seed": 0, "round": 0, "density": 1.0, "accuracy": 1.0}
    ]
    assert "partial: 1 of 12 tickets" in svg(tmp_path, SPEC, rows)
    for kind, columns in (("cost", ["seed", "inputs", "generation", "total"]), ("sparsity", [])):
        columns = columns or ["seed", "rank", "magnitude", "sparsity", "zero_threshold"]
        nothing = pd.DataFrame(columns=["panel", "curve", *columns])
        text = svg(tmp_path, of_kind(kind, points=2, partial=True), nothing)
        assert "no data yet" in text
        assert "partial: 0 of 2" in text
    empty = pd.DataFrame(rows)[:0]
    spec = SPEC.model_copy(update={"partial": True})
    assert "no data yet" in svg(tmp_path, spec, empty)
