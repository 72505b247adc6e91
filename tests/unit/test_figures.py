"""From table to figure."""

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from lottery import config
from lottery.errors import LotteryError
from lottery.figure_specs import PlotSpec, ShownCurve, ShownPanel
from lottery.figures import accuracy, layers, notes, sparsity
from lottery.figures.accuracy import summary
from lottery.stages.plot import KINDS, plot
from lottery.tables import rewind
from tests.conftest import REPOSITORY, write_table


def panel(*curves, name="18", **changes):
    shown = tuple(c if isinstance(c, ShownCurve) else ShownCurve(curve=c, label=c) for c in curves)
    return ShownPanel(panel=name, title=f"Network {name}", curves=shown, **changes)


SPEC = PlotSpec(
    figure="f",
    kind="accuracy",
    title="Title",
    scale="demo",
    panels=(panel("Labels", "None"),),
    columns=1,
    points=12,
)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


def table(path, **changes):
    rows = [
        {"panel": "18", "curve": curve, "seed": seed, "round": round, "density": 0.5**round,
         "accuracy": 0.9 - 0.1 * round * seed, "chance": 0.1}
        for curve in ("Labels", "None")
        for seed in (0, 1)
        for round in (0, 1, 2)
    ]  # fmt: skip
    write_table(path, "f", pd.DataFrame(rows).assign(**changes).to_csv(index=False))
    return str(path)


def test_the_error_is_the_standard_error_over_seeds():
    rows = pd.DataFrame(
        {"round": 1, "density": 0.2, "accuracy": [0.1, 0.2, 0.6], "seed": [0, 1, 2], **LEARNED}
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
    [
        ({"panel": "other"}, "no rows of curve 'Labels' of panel '18'"),
        ({"curve": "Labels"}, "no rows of curve 'None' of panel '18'"),
        ({"accuracy": None}, "accuracy"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, changes, words):
    path = tmp_path / "t.csv"
    table(path, **changes)
    if "accuracy" in changes:
        write_table(path, "f", pd.read_csv(path).drop(columns="accuracy").to_csv(index=False))
    with pytest.raises(LotteryError, match=words):
        plot(SPEC, str(path), [str(tmp_path / "a.pdf")])


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(LotteryError, match=r"a\.xyz: must end in one of"):
        plot(SPEC, table(tmp_path / "t.csv"), [str(tmp_path / "a.xyz")])


def svg(tmp_path, spec, rows):
    write_table(tmp_path / "t.csv", spec.figure, pd.DataFrame(rows).to_csv(index=False))
    with mpl.rc_context({"svg.fonttype": "none"}):
        plot(spec, str(tmp_path / "t.csv"), [str(tmp_path / "f.svg")])
    return (tmp_path / "f.svg").read_text()


def of_kind(kind, **changes):
    return SPEC.model_copy(update={"kind": kind, "points": 1, **changes})


def test_table_1_is_typeset_to_the_papers_digits(tmp_path):
    row = {
        "panel": "18", "curve": "100 %", "epochs": 3.0, "samples": 3843501,
        "updates": 2502.28, "percent": 3.3333, "saved_after": 2505,
    }  # fmt: skip
    spec = of_kind("rewind", panels=(panel(ShownCurve(curve="100 %", label="all of it")),))
    text = svg(tmp_path, spec, [row])
    for cell in ("all of it", "3,843,501", "2,500", "3.3 %", "2,505"):
        assert cell in text


def test_table_1_says_which_updates_are_nominal_and_which_the_runs_own(tmp_path):
    row = {
        "panel": "18", "curve": "100 %", "epochs": 300.0, "samples": 3843501,
        "updates": 5004.6, "percent": 30.0, "saved_after": 5100,
    }  # fmt: skip
    text = svg(tmp_path, of_kind("rewind", panels=(panel("100 %"),)), [row])
    assert text.index("updates, nominal") < text.index("W_k after update")
    assert text.index("5,000") < text.index("5,100")


def test_table_1_of_an_earlier_version_tells_no_update_of_its_own(tmp_path):
    row = {
        "panel": "18", "curve": "100 %", "epochs": 3.0, "samples": 3843501,
        "updates": 2502.28, "percent": 3.3333,
    }  # fmt: skip
    text = svg(tmp_path, of_kind("rewind", panels=(panel("100 %"),)), [row])
    assert "3,843,501" in text
    assert "nan" not in text


def test_a_cost_is_shown_beside_that_with_all_labels(tmp_path):
    rows = [
        {"panel": "18", "curve": curve, "seed": seed, "inputs": inputs, "generation": hours,
         "total": hours + 1}
        for curve, hours, inputs in (("100 %", 10.0, 900), ("10 % of images", 2.0, 200))
        for seed in (0, 1)
    ]  # fmt: skip
    tenth = ShownCurve(curve="10 % of images", label="a tenth")
    text = svg(tmp_path, of_kind("cost", points=4, panels=(panel("100 %", tenth),)), rows)
    for cell in ("a tenth", "10.0 h", "2.0 h", "3.0 h", "5.0x", "3.7x", "4.5x"):
        assert cell in text
    assert "fewer network inputs" in text
    assert "partial" not in text


def test_without_the_row_of_all_labels_no_cost_is_a_saving(tmp_path):
    """A partial table must not take the next row for it."""
    rows = [{"panel": "18", "curve": "images-10", "inputs": 9, "generation": 2.0, "total": 3.0}]
    spec = of_kind("cost", points=2, partial=True, panels=(panel("100 %", "images-10"),))
    text = svg(tmp_path, spec, rows)
    assert "2.0 h" in text
    assert "1.0x" not in text


ZEROED = 1e-7


def magnitudes(curve, sparsities, dead=0.0, name="18"):
    """Rows of a sparsity table: by seed, a share of exact zeros and then weights up to 1."""
    ranks = np.linspace(0, 1, 501)
    return [
        {"panel": name, "curve": curve, "seed": seed, "rank": rank, "sparsity": zeros,
         "magnitude": 0.0 if rank < zeros else 10 ** (6 * (rank - 1)), "zero_threshold": ZEROED,
         "dead_taps": dead}
        for seed, zeros in enumerate(sparsities)
        for rank in ranks
    ]  # fmt: skip


NATURAL = of_kind("sparsity", points=3, panels=(panel("cifar10"),))


@pytest.mark.parametrize(
    ("sparsities", "said"),
    [
        ([0.803], "cifar10: 80.3 % zeroed"),
        ([0.78, 0.83], "cifar10: 80.5 % zeroed (78.0 to 83.0)"),
        ([0.78, 0.80, 0.83], "cifar10: 80.0 % zeroed (78.0 to 83.0)"),
        ([0.1, 0.80, 0.81, 0.82, 0.83], "cifar10: 81.0 % zeroed (10.0 to 83.0)"),
    ],
)
def test_the_legend_tells_where_the_drawn_curve_leaves_zero(sparsities, said):
    """Not where the least sparse network's does, as the mean of magnitudes at each rank would."""
    (axis,) = sparsity.draw(NATURAL, pd.DataFrame(magnitudes("cifar10", sparsities))).axes
    (label,) = [text.get_text() for text in axis.get_legend().get_texts()]
    assert label == said
    drawn = axis.get_lines()[0].get_xydata()
    at_zero = drawn[drawn[:, 1] <= ZEROED]
    assert at_zero[0, 0] == 0
    assert at_zero[-1, 0] == pytest.approx(100 * np.median(sparsities))
    assert drawn[:, 1].min() == pytest.approx(ZEROED)


def test_the_curve_is_the_median_over_seeds_at_each_rank():
    table = pd.DataFrame(magnitudes("cifar10", [0.2, 0.5, 0.9]))
    found = sparsity.spread(table)
    at = np.interp([0.6, 0.7, 0.95], found["median"], np.log10(found.index))
    assert at == pytest.approx([6 * (r - 1) for r in (0.6, 0.7, 0.95)], abs=0.05)
    assert (found["least"] <= found["median"]).all()
    assert (found["median"] <= found["most"]).all()
    first = found.iloc[0]
    assert list(first[["least", "median", "most"]]) == pytest.approx([0.2, 0.5, 0.9])
    assert list(found.iloc[-1]) == [1, 1, 1]


@pytest.mark.parametrize(("seeds", "bands"), [(1, 0), (2, 1), (3, 1)])
def test_a_band_shows_all_seeds_and_no_standard_error_is_claimed(seeds, bands):
    rows = pd.DataFrame(magnitudes("cifar10", np.linspace(0.7, 0.9, seeds)))
    (axis,) = sparsity.draw(NATURAL, rows).axes
    assert len(axis.collections) == bands
    title = axis.get_legend().get_title().get_text()
    assert "s.e." not in title
    assert title.startswith("median and range of" if bands else "1 seed")
    if bands:
        (band,) = axis.collections
        (low, _), (high, _) = band.get_datalim(axis.transData).get_points()
        assert low == pytest.approx(70)
        assert high == pytest.approx(100)


def test_a_partial_panel_of_magnitudes_tells_the_fewest_and_the_most_seeds():
    spec = of_kind("sparsity", partial=True, panels=(panel("cifar10", "imagenet"),))
    rows = magnitudes("cifar10", [0.8]) + magnitudes("imagenet", [0.0, 0.1])
    (axis,) = sparsity.draw(spec, pd.DataFrame(rows)).axes
    assert axis.get_legend().get_title().get_text().startswith("median and range of 1 to 2 seeds")


def test_what_is_zero_is_seen_above_the_end_of_the_axis():
    (axis,) = sparsity.draw(NATURAL, pd.DataFrame(magnitudes("cifar10", [0.8]))).axes
    assert 0 < axis.get_ylim()[0] < ZEROED / 2


def test_weights_that_see_only_padding_are_told_where_there_are_any(tmp_path):
    spec = of_kind("sparsity", points=2, panels=(panel("cifar10", "imagenet"),))
    rows = magnitudes("cifar10", [0.8], dead=0.234) + magnitudes("imagenet", [0.0])
    (axis,) = sparsity.draw(spec, pd.DataFrame(rows)).axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["cifar10: 80.0 % zeroed\n23.4 % see only padding", "imagenet: 0.0 % zeroed"]
    dotted = [line for line in axis.get_lines() if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == pytest.approx([23.4])
    assert "only ever meet zero padding" in svg(tmp_path, spec, rows)
    none = magnitudes("cifar10", [0.8]) + magnitudes("imagenet", [0.0])
    assert "padding" not in svg(tmp_path, spec, none)


LEARNED = {"dead": 0, "stalled": 0, "collapsed": 0, "updates": 1000, "samples": 64000}
"""What tables of accuracies tell beside the numbers that are drawn."""


def rounds(curve, accuracies, seeds=(0,), chance=0.1, name="18", **changes):
    return [
        {"panel": name, "curve": curve, "seed": seed, "round": round, "density": 0.5**round,
         "accuracy": value + 0.01 * seed, "chance": chance, **LEARNED, **changes}
        for seed in seeds
        for round, value in enumerate(accuracies)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "title"),
    [((0,), "1 seed"), ((0, 1), "mean ± s.e. of 2 seeds (dots)"), ((3,), "1 seed")],
)
def test_a_standard_error_is_drawn_and_told_over_several_seeds_only(seeds, title):
    spec = of_kind("accuracy", panels=(panel("Labels"),))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rounds("Labels", [0.9, 0.8], seeds))).axes
    assert axis.get_legend().get_title().get_text() == title
    assert len(axis.containers) == (len(seeds) > 1)
    (handle,) = axis.get_legend().legend_handles
    assert isinstance(handle, LineCollection) == (len(seeds) > 1), "the bar in the legend"


def test_a_partial_panel_tells_the_fewest_and_the_most_seeds_of_a_point():
    rows = rounds("Labels", [0.9, 0.8], (0, 1, 2)) + rounds("Labels", [0.9, 0.8, 0.7], (3,))
    spec = of_kind("accuracy", partial=True, panels=(panel("Labels"),))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rows)).axes
    assert axis.get_legend().get_title().get_text() == "mean ± s.e. of 1 to 4 seeds (dots)"


def test_the_axes_say_which_weights_and_which_images():
    spec = of_kind(
        "accuracy",
        columns=2,
        panels=(
            panel("Labels", name="a", scope="in the first 3 convolutions", split="validation"),
            panel("Labels", name="b"),
        ),
    )
    rows = rounds("Labels", [0.9, 0.8], name="a") + rounds("Labels", [0.9, 0.8], name="b")
    first, second = accuracy.draw(spec, pd.DataFrame(rows)).axes
    assert first.get_xlabel() == "weights remaining in the first 3 convolutions (%)"
    assert second.get_xlabel() == "weights remaining (%)"
    assert first.get_ylabel() == "top-1 validation accuracy (%)"


def test_panels_of_a_row_that_are_tested_on_other_images_say_so_each():
    spec = of_kind(
        "accuracy",
        columns=2,
        panels=(
            panel("Labels", name="a", split="validation"),
            panel("Labels", name="b", split="test"),
        ),
    )
    rows = rounds("Labels", [0.9, 0.8], name="a") + rounds("Labels", [0.9, 0.8], name="b")
    said = [axis.get_ylabel() for axis in accuracy.draw(spec, pd.DataFrame(rows)).axes]
    assert said == ["top-1 validation accuracy (%)", "top-1 test accuracy (%)"]


def test_a_round_0_that_is_w_k_of_another_task_is_hollow_and_told(tmp_path):
    early = ShownCurve(curve="RotNet", label="RotNet", early=True)
    spec = of_kind("accuracy", panels=(panel("Labels", early),))
    rows = rounds("Labels", [0.9, 0.8]) + rounds("RotNet", [0.85, 0.75])
    (axis,) = accuracy.draw(spec, pd.DataFrame(rows)).axes
    (hollow,) = [line for line in axis.get_lines() if line.get_markerfacecolor() == "white"]
    assert hollow.get_xydata().tolist() == [[100, 85]]
    assert "hollow" in svg(tmp_path, spec, rows)
    later = [row for row in rows if row["round"]]
    assert "hollow" not in svg(tmp_path, spec, later)
    labels_only = of_kind("accuracy", panels=(panel("Labels"),))
    assert "hollow" not in svg(tmp_path, labels_only, rows)


def marks(axis, label):
    """What the single networks are drawn at, by curve, in the order of the figure."""
    found = [line for line in axis.get_lines() if line.get_label() == label]
    return [line.get_xydata().round(6).tolist() for line in found]


def test_each_of_several_seeds_is_a_dot_under_the_mean():
    spec = of_kind("accuracy", panels=(panel("Labels", "RotNet"),))
    rows = rounds("Labels", [0.9, 0.8], (0, 1)) + rounds("RotNet", [0.7], (0,))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rows)).axes
    (dots,) = marks(axis, accuracy.SEEDS)
    assert sorted(dots) == [[50, 80], [50, 81], [100, 90], [100, 91]]
    assert marks(axis, accuracy.LIFELESS) == []
    above = [line for line in axis.get_lines() if line.get_marker() == "o"]
    assert min(above, key=lambda line: line.get_zorder()).get_label() == accuracy.SEEDS


LOST = [{"dead": 1}, {"stalled": 1}, {"collapsed": 1}]


@pytest.mark.parametrize("lost", LOST)
def test_a_network_that_learned_nothing_is_a_mark_of_its_own_and_in_no_mean(tmp_path, lost):
    spec = of_kind("accuracy", panels=(panel("Random"),))
    rows = rounds("Random", [0.9, 0.8], (0, 1, 2))
    rows[-1] |= {"accuracy": 0.1, **lost}
    table = pd.DataFrame(rows)
    found = summary(table).loc[1]
    assert found["mean"] == pytest.approx(0.805)
    assert found["error"] == pytest.approx(0.005)
    assert (found["living"], found["seeds"]) == (2, 3)
    (axis,) = accuracy.draw(spec, table).axes
    assert marks(axis, accuracy.LIFELESS) == [[[50, 10]]]
    assert axis.get_ylim()[0] < 10
    assert "x: 1 of 3 networks of Random at 50 % left learned" in svg(tmp_path, spec, rows)


def test_where_no_network_learned_anything_there_is_no_mean():
    rows = rounds("Random", [0.9, 0.8, 0.7], (0, 1))
    for row in rows:
        row["dead"] = int(row["round"] == 1)
    spec = of_kind("accuracy", panels=(panel("Random"),))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rows)).axes
    line = axis.containers[0].lines[0]
    assert np.isnan(line.get_xydata()[:, 1]).tolist() == [False, True, False], "it is broken"
    assert len(marks(axis, accuracy.LIFELESS)[0]) == 2


def lost_at(curve, *places, name="18", seeds=2, last=4):
    """A table of which the networks at some (seed, round) learned nothing."""
    rows = rounds(curve, [0.9] * last, range(seeds), name=name)
    return [row | {"dead": int((row["seed"], row["round"]) in places)} for row in rows]


@pytest.mark.parametrize(
    ("panels", "rows", "said"),
    [
        ("a", lost_at("Random", name="a"), []),
        (
            "a",
            lost_at("Random", (0, 3), name="a", seeds=1),
            ["x: 1 of 1 networks of Random at 12 % left learned nothing"],
        ),
        (
            "a",
            lost_at("Random", (0, 2), (1, 3), name="a") + lost_at("Shuffled", (1, 3), name="a"),
            ["x: 2 of 4 networks of Random at 25 % and 12 % left, 1 of 2 of Shuffled at 12 % left "
             "learned nothing; means are over the others"],
        ),
        (
            "ab",
            lost_at("Random", (0, 3), name="a") + lost_at("Random", (0, 3), (1, 3), name="b"),
            ["x: 1 of 2 networks of Random in Network a at 12 % left, 2 of 2 of Random in Network "
             "b at 12 % left learned nothing; means are over the others"],
        ),
        (
            "abcd",
            [row for name in "abcd" for row in lost_at("Random", (0, 3), (0, 0), name=name)],
            ["x: 8 of 16 networks of Random at 100 % and 12 % left learned nothing; means are over "
             "the others"],
        ),
        (
            "a",
            lost_at("Random", *((0, round) for round in range(5)), name="a", last=5),
            ["x: 5 of 10 networks of Random at 100 to 6.2 % left learned nothing; means are over "
             "the others"],
        ),
    ],
)  # fmt: skip
def test_the_footer_counts_networks_that_learned_nothing(panels, rows, said):
    shown = tuple(panel("Random", "Shuffled", name=name) for name in panels)
    assert notes.notes(of_kind("accuracy", panels=shown), pd.DataFrame(rows)) == said


def budget(curve, first, later, name="a", images=64):
    """A table of one curve, of which round 0 has other updates behind it than later rounds."""
    rows = rounds(curve, [0.9, 0.8, 0.7], (0, 1), name=name)
    for row in rows:
        row["updates"] = later if row["round"] else first
        row["samples"] = images * row["updates"]
    return rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (budget("Labels", 1000, 1005) + budget("Random", 1000, 1000), None),
        (
            budget("Labels", 1000, 1030) + budget("RotNet", 1030, 1030)
            + budget("Random", 1000, 1000),
            "updates behind each network: 1,030 for Labels, RotNet; 1,000 for Random; "
            "at round 0: 1,000 for Labels, Random; 1,030 for RotNet",
        ),
        (
            budget("Labels", 1000, 1030) + budget("Random", 1000, 1030),
            "updates behind each network: 1,030 for all; at round 0: 1,000 for all",
        ),
        (
            budget("Labels", 1000, 1000) + budget("Random", 1000, 1000, images=32),
            "images behind each network: 64,000 for Labels; 32,000 for Random",
        ),
        (
            [row for name in ("Labels", "RotNet", "b", "c") for row in budget(name, 50, 50)]
            + budget("Random", 40, 40),
            "updates behind each network: 40 for Random; 50 for all others",
        ),
        (
            [row | {"updates": 100 * (1 + row["round"]), "samples": 1}
             for row in budget("Labels", 1, 1)],
            "updates behind each network: 200 to 300 for all; at round 0: 100 for all "
            "(of as many images)",
        ),
        (
            budget("Labels", 1000, 1000) + budget("RotNet", 1200, 1200, images=64 / 1.2),
            "updates behind each network: 1,000 for Labels; 1,200 for RotNet (of as many images)",
        ),
    ],
)  # fmt: skip
def test_the_footer_tells_budgets_that_differ_by_more_than_a_hundredth(rows, said):
    one = panel("Labels", "RotNet", "b", "c", "Random", name="a")
    found = notes.notes(of_kind("accuracy", panels=(one,)), pd.DataFrame(rows))
    assert found == ([said] if said else [])


def test_panels_that_have_the_same_budgets_share_a_line():
    rows = [
        row
        for name, updates in (("a", 50), ("b", 50), ("c", 50), ("d", 80))
        for row in budget("Labels", updates, updates, name) + budget("Random", 40, 40, name)
    ]
    panels = [panel("Labels", "Random", name=name) for name in "abcd"]

    def said(*names):
        shown = tuple(panel for panel in panels if panel.panel in names)
        return notes.notes(of_kind("accuracy", panels=shown), pd.DataFrame(rows))

    assert said(*"abc") == ["updates behind each network: 50 for Labels; 40 for Random"]
    assert said(*"abd") == [
        "updates behind each network in Network a and Network b: 50 for Labels; 40 for Random",
        "updates behind each network in Network d: 80 for Labels; 40 for Random",
    ]
    assert said(*"abcd")[0].startswith("updates behind each network in panels 1, 2, 3: 50")


def test_a_table_of_an_earlier_version_is_drawn_and_nothing_is_said_that_it_does_not_know(tmp_path):
    rows = pd.DataFrame(rounds("Labels", [0.9, 0.8], (0, 1))).drop(columns=list(LEARNED))
    text = svg(tmp_path, of_kind("accuracy", panels=(panel("Labels"),), points=4), rows)
    assert "behind" not in text
    assert "nothing" not in text


def test_a_round_0_that_is_w_k_is_hollow_beside_an_imported_ticket_that_has_no_round(tmp_path):
    early = ShownCurve(curve="RotNet", label="RotNet", early=True)
    own = [row | {"round": "", "updates": "", "samples": ""} for row in rounds("Mine", [0.8])]
    spec = of_kind("accuracy", panels=(panel("Mine", early),))
    assert "hollow" in svg(tmp_path, spec, own + rounds("RotNet", [0.85, 0.75]))


def test_no_line_joins_a_hollow_point_to_its_curve():
    early = ShownCurve(curve="RotNet", label="RotNet", early=True)
    spec = of_kind("accuracy", panels=(panel(early),))
    for seeds in ((0,), (0, 1)):
        (axis,) = accuracy.draw(spec, pd.DataFrame(rounds("RotNet", [0.9, 0.8, 0.7], seeds))).axes
        joined = [line for line in axis.get_lines() if line.get_linestyle() == "-"]
        assert [list(line.get_xdata()) for line in joined] == [[50, 25]]


@pytest.mark.parametrize(("lowest", "lines"), [(0.05, 1), (0.5, 0)])
def test_chance_is_drawn_where_the_axis_reaches_it(lowest, lines):
    spec = of_kind("accuracy", panels=(panel("Labels"),))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rounds("Labels", [0.9, lowest]))).axes
    at = [line for line in axis.get_lines() if list(line.get_ydata()) == [10, 10]]
    assert len(at) == lines


NAMES = ("conv1.weight", "layer1.0.conv1.weight", "layer1.0.downsample.0.weight")
LAYERS = of_kind("layers", points=4, panels=(panel("Labels", "Random"),))


def divided(curve, rounds, shares=(4.0, 1.0, 0.5), seeds=(0,), name="18", names=NAMES):
    """Rows of a table of layers: their densities are shares of the ticket's own."""
    return [
        {"panel": name, "curve": curve, "seed": seed, "round": round, "density": 0.2**round,
         "layer": layer, "place": place,
         "layer_density": min(1.0, share * (1 + seed) * 0.2**round) if round else 1.0}
        for seed in seeds
        for round in rounds
        for place, (layer, share) in enumerate(zip(names, shares, strict=True))
    ]  # fmt: skip


def test_each_layer_stands_at_its_density_in_the_order_of_the_network():
    rows = divided("Labels", (0, 1, 2)) + divided("Random", (0, 1, 2), (1.0, 1.0, 1.0))
    first, second = layers.draw(LAYERS, pd.DataFrame(rows)).axes
    assert [axis.get_title() for axis in (first, second)] == [
        "Network 18, round 1: 20 % left",
        "Network 18, round 2: 4 % left",
    ]
    labels, random = first.get_lines()
    assert labels.get_xydata().round(6).tolist() == [[0, 80], [1, 20], [2, 10]]
    assert random.get_ydata().round(6).tolist() == [20, 20, 20]
    said = [label.get_text() for label in first.get_xticklabels()]
    assert said == ["conv1", "layer1.0.conv1", "layer1.0.downsample.0"]
    assert (first.get_yscale(), first.get_ylim()) == ("log", second.get_ylim())


@pytest.mark.parametrize(("seeds", "bands"), [((0,), 0), ((0, 1), 1)])
def test_a_band_goes_from_the_least_to_the_most_of_a_layer_over_seeds(seeds, bands):
    spec = LAYERS.model_copy(update={"panels": (panel("Labels"),)})
    figure = layers.draw(spec, pd.DataFrame(divided("Labels", (1,), (1.0, 0.5, 0.5), seeds)))
    (axis,) = figure.axes
    assert len(axis.collections) == bands
    title = axis.get_legend().get_title().get_text()
    assert title == ("mean and range of 2 seeds" if bands else "1 seed")
    if bands:
        (_, low), (_, high) = axis.collections[0].get_datalim(axis.transData).get_points()
        assert (low, high) == pytest.approx((10, 40))
        assert axis.get_lines()[0].get_ydata()[0] == pytest.approx(30)


def zeros(axis):
    """The ticks that are labelled 0."""
    said = axis.yaxis.get_major_formatter()
    return [place for place in axis.get_yticks() if said(place) == "0"]


def test_a_layer_of_which_nothing_remains_stands_at_0_below_all_others():
    rows = pd.DataFrame(divided("Random", (1, 2), (2.0, 1.0, 0.0)))
    spec = LAYERS.model_copy(update={"panels": (panel("Random"),)})
    first, second = layers.draw(spec, rows).axes
    for axis in (first, second):
        (zero,) = zeros(axis)
        values = axis.get_lines()[0].get_ydata()
        assert values[2] == pytest.approx(zero)
        assert axis.get_ylim()[0] < zero < 4
    whole = divided("Random", (1, 2), (2.0, 1.0, 1.0))
    for axis in layers.draw(spec, pd.DataFrame(whole)).axes:
        assert zeros(axis) == []


def test_of_many_rounds_three_are_shown_and_the_others_counted(tmp_path):
    rows = divided("Labels", range(11)) + divided("Random", range(11))
    assert layers.shown(pd.DataFrame(rows)) == [1, 5, 10]
    assert "7 further rounds in the table" in svg(tmp_path, LAYERS, rows)
    assert layers.shown(pd.DataFrame(divided("Labels", (0,)))) == [0], "there is no other"
    assert layers.shown(pd.DataFrame(divided("Labels", (0, 2, 3)))) == [2, 3]


def test_an_imported_ticket_has_a_column_of_its_own(tmp_path):
    rows = divided("Labels", (1,)) + [row | {"round": ""} for row in divided("Random", (1,))]
    text = svg(tmp_path, LAYERS, rows)
    assert text.index("round 1: 20 % left") < text.index("imported: 20 % left")


def test_a_curve_that_lies_on_another_is_said_to():
    """Shuffled masks keep what each layer has."""
    spec = LAYERS.model_copy(update={"panels": (panel("Labels", "Shuffled", "Random"),)})
    rows = [row for name in ("Labels", "Shuffled") for row in divided(name, (1, 2))]
    rows += divided("Random", (1, 2), (1.0, 1.0, 1.0))
    (legend,) = layers.draw(spec, pd.DataFrame(rows)).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "Labels", "Shuffled (as Labels)", "Random",
    ]  # fmt: skip


def test_networks_of_other_layers_have_numbers_where_these_differ():
    names = ("conv1.weight", "features.3.weight", "features.6.weight")
    rows = divided("Labels", (1,)) + divided("Random", (1,), names=names)
    (axis,) = layers.draw(LAYERS, pd.DataFrame(rows)).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["conv1", "2", "3"]


def test_a_partial_figure_of_layers_counts_its_tickets(tmp_path):
    spec = LAYERS.model_copy(update={"partial": True, "points": 9})
    assert "partial: 4 of 9 tickets" in svg(tmp_path, spec, divided("Labels", range(4)))
    nothing = pd.DataFrame(columns=list(divided("Labels", (1,))[0]))
    text = svg(tmp_path, spec, nothing)
    assert "no data yet" in text
    assert "partial: 0 of 9 tickets" in text


def test_a_legend_stands_once_only_where_it_holds_for_all_panels():
    """Equal labels of other colours need a legend each; so do two curves of one label."""
    tenth, mine = (ShownCurve(curve=name, label="a tenth") for name in ("images-10", "mine"))
    rows = [
        row
        for name in ("a", "b")
        for curve in ("images-10", "mine")
        for row in rounds(curve, [0.9, 0.8], name=name)
    ]
    shown = {
        ("images-10", "images-10"): (panel(tenth, name="a"), panel(tenth, name="b")),
        ("images-10", "mine"): (panel(tenth, name="a"), panel(mine, name="b")),
        ("both", "both"): (panel(tenth, mine, name="a"), panel(tenth, mine, name="b")),
    }
    found = {}
    for which, panels in shown.items():
        spec = of_kind("accuracy", columns=2, panels=panels)
        figure = accuracy.draw(spec, pd.DataFrame(rows))
        found[which] = (len(figure.legends), [axis.get_legend() is None for axis in figure.axes])
    assert found["images-10", "images-10"] == (1, [True, True])
    assert found["images-10", "mine"] == (0, [False, False])
    assert len(figure.legends[0].get_texts()) == 2


def test_curves_stand_in_the_order_of_the_figure_not_of_the_table():
    rows = rounds("RotNet", [0.9, 0.8]) + rounds("Labels", [0.9, 0.8])
    spec = of_kind("accuracy", panels=(panel("Labels", "RotNet"),))
    (axis,) = accuracy.draw(spec, pd.DataFrame(rows)).axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["Labels", "RotNet"]


def synthetic(settings, figure):
    """A table of a figure of the config, of plausible numbers."""
    table = settings.aggregate(figure).table
    if table.kind == "rewind":
        return pd.DataFrame(rewind.rows(figure, table, "", None))
    rows = []
    for place, curve in enumerate(table.curves):
        name = {"panel": curve.panel, "curve": curve.curve}
        for seed in table.seeds:
            if table.kind == "sparsity":
                share = 0.7 + 0.02 * place if curve.curve == "cifar10" else 0.0
                dead = 0.2 if place % 4 == 0 else 0.0
                rows += [row | name | {"seed": seed} for row in magnitudes("", [share], dead)]
            elif table.kind == "layers":
                rows += [row | name for row in divided("", table.rounds, seeds=(seed,))]
            elif table.kind == "cost":
                rows.append(name | {"inputs": 9e5, "generation": 10.0 + place, "total": 40.0})
            else:
                chance = 1 / curve.dataset.classes
                values = [max(chance, 0.9 - 0.01 * place * round) for round in table.rounds]
                rows += [row | name for row in rounds("", values, (seed,), chance)]
    return pd.DataFrame(rows)


def boxes(figure):
    """By kind, where on the figure things stand: axes, what stands beside them, all words."""
    figure.canvas.draw()
    axes = [axis for axis in figure.axes if axis.axison]
    legends = [*figure.legends, *filter(None, (axis.get_legend() for axis in axes))]
    headings = [figure._suptitle, *(axis.title for axis in axes)]
    footers = [text for text in figure.texts if text is not figure._suptitle]
    labels = [label for axis in axes for label in (axis.xaxis.label, axis.yaxis.label)]
    words = [thing for thing in (*headings, *footers, *labels, *legends) if said(thing)]
    return [axis.patch for axis in axes], words


def said(thing):
    return not hasattr(thing, "get_text") or thing.get_text()


@pytest.mark.parametrize(
    ("scale", "name", "partial"),
    [
        ("paper", "fig1a", True),
        ("paper", "fig3", False),
        ("cpu", "fig5", False),
        ("paper", "fig6", True),
        ("cpu", "fig6", False),
        ("demo", "fig7", False),
        ("demo", "fig8", True),
        ("demo", "cost", True),
        ("demo", "layers", False),
        ("demo", "layers", True),
        ("demo", "table1", False),
    ],
)
def test_nothing_stands_on_anything_else_or_beyond_the_edge(scale, name, partial):
    files = ["config.yaml", *([] if scale == "paper" else [f"config/{scale}.yaml"])]
    files += ["config/mine.yaml"] if name == "layers" else []
    settings = config.load([REPOSITORY / file for file in files], {"partial": partial})
    table = synthetic(settings, name)
    draw, _ = KINDS[settings.figures[name].kind]
    figure = draw(settings.plot(name), table[: len(table) // 2] if partial else table)
    axes, words = boxes(figure)
    places = [(thing, thing.get_window_extent()) for thing in (*axes, *words)]
    edge = figure.bbox.padded(1)
    for thing, box in places:
        assert edge.contains(box.x0, box.y0), f"{thing} is cut"
        assert edge.contains(box.x1, box.y1), f"{thing} is cut"
    for (one, box), (other, place) in itertools.combinations(places, 2):
        assert not box.padded(-1).overlaps(place.padded(-1)), f"{one} lies on {other}"


def test_any_scale_but_the_papers_is_told_on_the_face(tmp_path):
    rows = [
        {"panel": "18", "curve": "Labels", "seed": 0, "round": 0, "density": 1.0, "accuracy": 1.0,
         "chance": 0.1}
    ]  # fmt: skip
    spec = SPEC.model_copy(update={"panels": (panel("Labels"),)})
    assert "scale demo" in svg(tmp_path, spec, rows)
    paper = spec.model_copy(update={"scale": "paper"})
    assert "scale" not in svg(tmp_path, paper, rows).split("<defs>")[-1]


def test_a_partial_figure_counts_what_is_there(tmp_path):
    rows = [
        {"panel": "18", "curve": "Labels", "seed": 0, "round": 0, "density": 1.0, "accuracy": 1.0,
         "chance": 0.1}
    ]  # fmt: skip
    some = SPEC.model_copy(update={"partial": True})
    assert "partial: 1 of 12 tickets" in svg(tmp_path, some, rows)
    for kind, columns in (("cost", ["seed", "inputs", "generation", "total"]), ("sparsity", [])):
        columns = columns or [
            "seed", "rank", "magnitude", "sparsity", "zero_threshold", "dead_taps"
        ]  # fmt: skip
        nothing = pd.DataFrame(columns=["panel", "curve", *columns])
        text = svg(tmp_path, of_kind(kind, points=2, partial=True), nothing)
        assert "no data yet" in text
        assert "partial: 0 of 2" in text
    empty = pd.DataFrame(rows)[:0]
    spec = SPEC.model_copy(update={"partial": True})
    assert "no data yet" in svg(tmp_path, spec, empty)
