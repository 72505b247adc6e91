"""From table to figure."""

import numpy as np
import pandas as pd
import pytest

from lottery.errors import LotteryError
from lottery.figure_specs import PlotSpec
from lottery.figures.accuracy import summary
from lottery.stages.plot import plot

SPEC = PlotSpec(
    figure="f",
    kind="accuracy",
    title="Title",
    scale="demo",
    ylabel="accuracy (%)",
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
