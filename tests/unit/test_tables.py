"""From reports to the tidy tables that figures are drawn from."""

import json

import pytest

from lottery import config, paths, reports
from lottery.errors import LotteryError
from lottery.tables import accuracy, layers, sparsity
from tests.conftest import REPOSITORY

PAPER = config.load([REPOSITORY / "config.yaml"])
ALEXNET, FIRST = 58_271_776, 34_848
"""Prunable weights of AlexNet, and those of its first convolution."""


def judged(remaining, total, prunable=ALEXNET):
    """A report of a training under a mask."""
    result = {
        "test": {
            "loss": 1.0,
            "accuracy": 0.5,
            "chance": 0.25,
            "dead": False,
            "stalled": True,
            "collapsed": False,
        },
        "updates": 22,
        "samples": 2704,
        "effective": remaining // 2,
        "remaining": remaining,
        "total": total,
        "prunable": prunable,
        "density": remaining / total,
        "empty_layers": [],
    }
    return {"result": result, "seconds": 1.0}


def rows(figure, report):
    """A table whose reports are all the same one."""
    spec = PAPER.aggregate(figure).table
    kind = {"accuracy": accuracy, "sparsity": sparsity}[spec.kind]
    found = kind.rows(figure, spec, "results", lambda path, what, expected: report)
    assert all(list(row) == kind.COLUMNS for row in found)
    return found


def test_of_a_pruned_first_convolution_nearly_all_of_the_network_remains():
    """Figure 2: 0.12 % of 34,848 weights are 43, and 99.94 % of the whole network's."""
    found = rows("fig2", judged(43, FIRST))[0]
    assert (found["panel"], found["density"]) == ("conv1", 43 / FIRST)
    assert found["network_density"] == pytest.approx(1 - (FIRST - 43) / ALEXNET)
    assert round(100 * found["network_density"], 2) == 99.94


def test_of_a_whole_network_both_shares_are_the_same():
    found = rows("fig1b", judged(ALEXNET // 5, ALEXNET))[0]
    assert found["network_density"] == pytest.approx(found["density"])


def test_an_accuracy_stands_beside_that_of_guessing_and_the_network_that_has_it():
    by_panel = {row["panel"]: row for row in rows("fig1b", judged(1, 2))}
    assert {row["chance"] for row in by_panel.values()} == {0.25}, "as the test images are divided"
    assert {panel: row["network"] for panel, row in by_panel.items()} == {
        "ResNet-50": "ResNet-50",
        "AlexNet": "AlexNet",
    }


def test_a_row_says_what_a_network_has_behind_it_and_what_of_it_lives():
    (row, *_) = rows("fig1b", judged(6, 12, 12))
    assert (row["updates"], row["samples"]) == (22, 2704)
    assert (row["density"], row["effective_density"]) == (0.5, 0.25)
    assert [row[name] for name in accuracy.LIFELESS] == [0, 1, 0]


def test_a_table_tells_the_network_that_stands_in():
    demo = config.load([REPOSITORY / "config.yaml", REPOSITORY / "config/demo.yaml"])
    table = demo.aggregate("fig1b").table
    found = accuracy.rows("fig1b", table, "results", lambda *_: judged(1, 2))
    width = demo.architectures["resnet50"].width
    assert found[0]["network"] == f"ResNet-18, width {width}"


@pytest.mark.parametrize("key", ["prunable", "remaining", "test", "updates", "effective"])
def test_a_report_without_its_counts_is_damaged(key):
    report = judged(1, 2)
    del report["result"][key]
    with pytest.raises(LotteryError, match=rf"results/dense/.*\.json: damaged: .* no {key}"):
        rows("fig1b", report)


LAYERED = {
    "figures": {
        "mine": {
            "kind": "layers",
            "title": "{network}",
            "panels": {
                "all": {
                    "evaluation": "imagenet-alexnet",
                    "curves": {
                        "Labels": "imagenet-labels-alexnet",
                        "Random": "imagenet-random-alexnet",
                    },
                }
            },
        }
    }
}


def layered(tmp_path, changes=LAYERED):
    """A config with a figure of layers."""
    (tmp_path / "mine.yaml").write_text(json.dumps(changes))
    return config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])


def test_layers_stand_in_the_networks_order_with_what_remains_of_each(tmp_path):
    table = layered(tmp_path).aggregate("mine").table
    report = judged(6, 12)
    report["result"]["layers"] = {"last.weight": [1, 2], "first.weight": [5, 10]}
    asked = []

    def read(path, what, expected):
        asked.append((path, what))
        return None if "random" in path and "round" in path else report

    found = layers.rows("mine", table, "results", read)
    assert all(list(row) == layers.COLUMNS for row in found)
    labels = [row for row in found if row["curve"] == "Labels" and row["round"] == 2]
    told = ("layer", "place", "remaining", "total", "layer_density", "density")
    assert [tuple(row[name] for name in told) for row in labels[:2]] == [
        ("last.weight", 0, 1, 2, 0.5, 0.5),
        ("first.weight", 1, 5, 10, 0.5, 0.5),
    ]
    assert {row["round"] for row in found if row["curve"] == "Random"} == {0}, "which is there"
    assert [path for path, _ in asked] == reports.reports_of(
        layered(tmp_path).aggregate("mine"), "results"
    )


def test_layers_are_read_from_the_reports_of_a_figure_of_accuracies(tmp_path):
    mine = layered(tmp_path)
    (panel,) = LAYERED["figures"]["mine"]["panels"].values()
    accuracies = {**LAYERED["figures"]["mine"], "kind": "accuracy", "panels": {"all": panel}}
    other = layered(tmp_path, {"figures": {"mine": accuracies}})
    read, also = (reports.reports_of(each.aggregate("mine"), "results") for each in (mine, other))
    assert read == also
    assert len(read) == mine.plot("mine").points == 2 * len(mine.seeds) * 15


def test_a_report_without_its_layers_is_damaged(tmp_path):
    table = layered(tmp_path).aggregate("mine").table
    with pytest.raises(LotteryError, match=r"\.json: damaged: the report holds no layers"):
        layers.rows("mine", table, "results", lambda *_: judged(1, 2))


CUTS = PAPER.cuts
DENSE = {
    "result": {
        "cuts": list(CUTS),
        "sparsity": [0.8] * len(CUTS),
        "ranks": [0.0, 0.5, 1.0],
        "magnitudes": [0.0, 1e-9, 0.3],
        "dead_taps": {"share": 0.234, "layers": {"conv1.weight": 0.5}},
    }
}


def test_natural_sparsity_stands_beside_the_weights_that_see_only_padding():
    found = rows("fig6", DENSE)
    assert {row["sparsity"] for row in found} == {0.8}
    assert {row["dead_taps"] for row in found} == {0.234}


def test_dead_taps_that_are_not_prunable_are_not_among_the_weights(tmp_path):
    (tmp_path / "mine.yaml").write_text("pruning: {dead_taps: exclude}")
    mine = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])
    table = mine.aggregate("fig6").table
    found = sparsity.rows("fig6", table, "results", lambda *_: DENSE)
    assert {row["dead_taps"] for row in found} == {0.0}


def test_a_report_without_its_dead_taps_is_damaged():
    dense = PAPER.aggregate("fig6").table.curves[0].chain.dense
    report = {
        "result": {key: DENSE["result"][key] for key in DENSE["result"] if key != "dead_taps"}
    }
    with pytest.raises(LotteryError) as error:
        rows("fig6", report)
    path = paths.sparsity(paths.dense("results", dense, 0))
    assert str(error.value) == f"{path}: damaged: the report holds no dead_taps"
