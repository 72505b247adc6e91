"""A packs a figure, B unpacks it elsewhere and goes on from there."""

import shutil

import pytest

from tests.workflow.project import FIGURE, TINY, Project
from tests.workflow.test_reruns import DRAWN, ONE_MORE_SEED

ROTNET = "tickets/cifar10-rotnet-resnet18/seed0"


@pytest.fixture(scope="session")
def packs(finished, tmp_path_factory):
    """The figure's packs, by their depth."""
    folder = tmp_path_factory.mktemp("packs")
    made = {}
    for depth in ("numbers", "tickets"):
        made[depth] = folder / f"{depth}.zip"
        options = ("--results", "results/tiny", "--configfile", TINY, f"--{depth}")
        done = finished.lottery("pack", "fig1a", *options, "-o", str(made[depth]))
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(params=["numbers", "tickets"])
def received(packs, tmp_path, request):
    """B's fresh clone with that pack unpacked, and its depth."""
    return unpacked(packs[request.param], tmp_path), request.param


@pytest.fixture
def going_on(packs, tmp_path):
    return unpacked(packs["tickets"], tmp_path)


def unpacked(pack, place):
    project = Project.copy(place / "clone")
    done = project.lottery("unpack", str(pack))
    assert done.returncode == 0, done.stderr
    return project


def test_nothing_is_missing_and_a_figure_is_redrawn_without_data(received, finished):
    project, _ = received
    assert project.plan() == {}
    for suffix in ("pdf", "png"):
        (project.root / FIGURE).with_suffix(f".{suffix}").unlink()
    assert project.plan() == {"plot": 1}
    project.run()
    drawn, expected = ((each.root / FIGURE).with_suffix(".png") for each in (project, finished))
    assert drawn.read_bytes() == expected.read_bytes()
    assert project.lottery("verify", "results/tiny").returncode == 0


def test_the_look_of_the_figure_changes_the_plot_alone(received):
    project, _ = received
    project.overlay({"figures": {"fig1a": {"title": "Another title"}}})
    assert project.plan() == {"plot": 1}


def test_a_further_seed_trains_its_own_chains(going_on):
    going_on.overlay({"seeds": [0, 1]})
    assert going_on.plan() == {"images": 1, **ONE_MORE_SEED}


def test_a_ticket_of_another_is_evaluated_under_another_recipe(going_on):
    going_on.overlay({"recipes": {"cifar10-labels": {"learning_rate": 0.002}}})
    report = f"results/tiny/{ROTNET}/round02/evaluation-cifar10.json"
    assert going_on.plan(report) == {"images": 1, "evaluate": 1}
    going_on.run(report)
    assert going_on.plan(report) == {}
    assert going_on.lottery("verify", "results/tiny").returncode == 1, "the table is of another"


def test_a_further_round_trains_what_it_needs(going_on):
    """The pack has no trained weights: those of the last round are made again from its ticket.

    So are those of the dense network whose zeros an adjusted random mask reads.
    """
    going_on.overlay({"pruning": {"evaluated_rounds": [0, 2, 3]}})
    assert going_on.plan() == {
        "images": 1,
        "generate_dense": 1,
        "generate": 3,
        "mask": 2,
        "adjusted_random_mask": 1,
        "evaluate": 2,
        **DRAWN,
    }


def test_whatever_was_changed_on_the_way_is_found_by_name(going_on):
    mask = f"results/tiny/{ROTNET}/round02/mask.pt"
    shutil.copyfile(going_on.root / mask.replace("rotnet", "labels"), going_on.root / mask)
    done = going_on.lottery("verify", "results/tiny")
    assert done.returncode == 1
    assert "cifar10-rotnet-resnet18/seed0" in done.stdout
    assert "round02/mask.pt" in done.stdout
