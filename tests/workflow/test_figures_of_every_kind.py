"""Figures of every kind, the claims, and figures of which only a part is there."""

import csv

import pytest

from tests.workflow.project import Project
from tests.workflow.report_reader import captions

CONFIGS = ("config/demo.yaml", "tests/workflow/every.yaml")
DRAWN = ("fig5", "fig6", "fig7", "fig8", "layers", "table1", "cost")


def run(project, *arguments):
    done = project.snakemake(*arguments, "--cores", "2", "--configfile", *CONFIGS)
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows(project, name):
    return list(csv.DictReader((project.root / f"results/every/tables/{name}.csv").open()))


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """Some tickets of Figure 7 are there when all is asked for as far as it goes."""
    project = Project.copy(tmp_path_factory.mktemp("every") / "lottery")
    folder = "results/every/tickets/imagenet-images-10-resnet50/seed0"
    run(project, f"{folder}/round01/evaluation-imagenet-resnet50.json")
    run(project, "all", "--config", "partial=true")
    return project


@pytest.fixture(scope="module")
def complete(partial, tmp_path_factory):
    project = partial.clone(tmp_path_factory.mktemp("complete") / "lottery")
    run(project, "all")
    return project


def test_a_partial_run_trains_nothing_and_draws_what_is_there(partial):
    assert {row["ticket"] for row in rows(partial, "fig7")} == {"imagenet-images-10-resnet50"}
    assert {row["round"] for row in rows(partial, "fig7")} == {"1"}
    assert rows(partial, "fig6") == []
    for name in DRAWN:
        assert (partial.root / f"figures/every/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_partial_figure_says_so_on_its_face(partial, complete):
    for project, is_there in ((partial, True), (complete, False)):
        svg = project.root / "fig7.svg"
        text = plot_as_text(project, "fig7", svg)
        assert ("partial: 1 of" in text) is is_there


def plot_as_text(project, name, svg):
    import matplotlib as mpl

    from lottery import config
    from lottery.stages.plot import plot

    files = [project.root / file for file in ("config.yaml", *CONFIGS)]
    settings = config.load(files, {"partial": True})
    with mpl.rc_context({"svg.fonttype": "none"}):
        table = project.root / f"results/every/tables/{name}.csv"
        plot(settings.plot(name), str(table), [str(svg)])
    return svg.read_text()


def test_the_complete_run_goes_on_from_the_partial_one(complete):
    found = {(row["ticket"], row["round"]) for row in rows(complete, "fig7")}
    assert {round for _, round in found} == {"0", "1"}
    assert len(found) == 6
    for name in DRAWN:
        assert (complete.root / f"figures/every/{name}.pdf").read_bytes().startswith(b"%PDF")


def test_tickets_that_differ_in_their_rewind_point_share_one_dense_training(complete):
    folder = "results/every/dense/imagenet/images-10/resnet50/labels/imagenet-images-10/seed0"
    saved = {path.stem for path in (complete.root / folder / "early").glob("*.pt")}
    points = ("imagenet", "imagenet-epochs", "imagenet-percent", "imagenet-updates")
    assert tuple(sorted(saved)) == points
    accuracy = {
        row["ticket"]: row["accuracy"] for row in rows(complete, "fig7") if row["round"] == "0"
    }
    assert (
        accuracy["imagenet-images-10-resnet50"] != accuracy["imagenet-images-10-resnet50-updates"]
    )


def test_tickets_of_a_scope_prune_the_first_convolutions_of_the_shared_dense_network(complete):
    found = {row["ticket"]: row for row in rows(complete, "fig8") if row["round"] == "1"}
    assert set(found) == {f"imagenet-{kind}-resnet50-conv11" for kind in ("labels", "random")}
    whole = next(
        row for row in rows(complete, "fig5") if row["ticket"] == "imagenet-labels-resnet50"
    )
    for row in found.values():
        assert float(row["density"]) == pytest.approx(0.25, abs=0.001)
        assert 0 < int(row["total"]) < int(whole["total"]) / 10
    (dense,) = (complete.root / "results/every/dense/imagenet/all/resnet50/labels").glob("*/seed0")
    assert (dense / "weights.pt").exists()


def test_natural_sparsity_is_tabled_per_data_set(complete):
    found = rows(complete, "fig6")
    assert {row["curve"] for row in found} == {"cifar10", "imagenet"}
    for curve in ("cifar10", "imagenet"):
        magnitudes = [float(row["magnitude"]) for row in found if row["curve"] == curve]
        assert magnitudes == sorted(magnitudes)


def test_layers_are_tabled_in_the_networks_order_for_each_curve(complete):
    found = rows(complete, "layers")
    assert {(row["curve"], row["round"]) for row in found} == {
        (curve, round) for curve in ("Labels", "Random") for round in "01"
    }
    dense = [row for row in found if (row["curve"], row["round"]) == ("Labels", "0")]
    assert [int(row["place"]) for row in dense] == list(range(len(dense)))
    assert dense[0]["layer"] == "conv1.weight"
    assert {float(row["layer_density"]) for row in dense} == {1.0}
    for curve in ("Labels", "Random"):
        pruned = [row for row in found if (row["curve"], row["round"]) == (curve, "1")]
        left = [sum(int(row[name]) for row in pruned) for name in ("remaining", "total")]
        assert left[0] / left[1] == pytest.approx(float(pruned[0]["density"]))


def test_the_cost_of_a_ticket_is_what_its_trainings_took(complete):
    found = {row["curve"]: row for row in rows(complete, "cost")}
    assert int(found["100 %"]["inputs"]) == 2 * 1360, "round 0, two epochs"
    assert int(found["images-10"]["inputs"]) == 10 * 140
    for row in found.values():
        assert 0 < float(row["generation"]) < float(row["total"])


def test_the_claims_are_held_against_what_is_there(complete):
    text = (complete.root / "figures/every/claims.md").read_text()
    assert "`every`" in text or "every" in text.splitlines()[0]
    with (complete.root / "figures/every/claims.csv").open() as handle:
        verdicts = {row["verdict"] for row in csv.DictReader(handle)}
    assert verdicts == {"cannot tell"}, "of one seed"


def test_nothing_is_left_to_do(complete):
    done = complete.snakemake("all", "-n", "--configfile", *CONFIGS)
    assert "Nothing to be done" in done.stdout


def test_the_report_says_what_each_kind_shows(complete):
    run(complete, "--report", "report.html", "all")
    found = captions(complete.root / "report.html")
    says = {name: found[f"figures/every/{name}.png"] for name in DRAWN}
    for name in ("fig5", "fig7", "fig8"):
        assert "top-1 accuracy" in says[name]
    assert "sorted magnitudes" in says["fig6"]
    assert "share of each layer" in says["layers"]
    assert "rewind point of each ticket" in says["table1"]
    assert "Compares 3 rows" in says["cost"]
    for caption in found.values():
        assert "system-message" not in caption
