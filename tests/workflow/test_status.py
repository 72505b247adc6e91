"""What there is of a figure, what is stale and why, and accepting what does not matter."""

import json
import re

import pytest

from lottery import headers, records
from tests.workflow.project import DENSE, FIGURE, TINY

HOW = ("--configfile", TINY)


def told(project, *options):
    done = project.lottery("status", *options, *HOW)
    assert done.returncode == 0, done.stderr
    return done.stdout


def parts(project):
    (figure,) = json.loads(told(project, "fig1a", "--json"))
    return figure, {part["of"]: part for part in figure["parts"]}


def test_nothing_is_there_before_anything_ran(untouched):
    figure, tickets = parts(untouched)
    assert figure["there"] == figure["stale"] == 0
    # no evaluation needs W* of the last round
    assert tickets["cifar10-rotnet-resnet18"]["missing"] == 5
    assert "5 missing" in told(untouched, FIGURE)


def test_all_of_a_finished_figure_is_there(finished):
    figure, _ = parts(finished)
    assert (figure["missing"], figure["stale"], figure["by_others"]) == (0, 0, 0)


def test_what_is_stale_is_told_with_its_reason(edited):
    edited.overlay({"recipes": {"cifar10-rotnet": {"learning_rate": 0.002}}})
    said = told(edited, "fig1a")
    assert "recipe.learning_rate 0.001 -> 0.002" in said
    figure, tickets = parts(edited)
    assert tickets["cifar10-rotnet-resnet18"]["stale"] == 5
    assert tickets["cifar10-labels-resnet18"]["stale"] == 0
    assert figure["stale"] == 5 + 3 + 1 + 2  # its dense training, its round 0, table and figure


def test_results_of_others_are_told(sent):
    figure, tickets = parts(sent)
    assert tickets["cifar10-rotnet-resnet18"]["by_others"] == 5
    assert figure["missing"] == figure["stale"] == 0


def test_a_figure_that_the_config_lacks_is_one_line(finished):
    done = finished.lottery("status", "fig77", *HOW)
    assert done.returncode == 1
    assert "no figure 'fig77'; the config has fig1a" in done.stderr
    assert "Traceback" not in done.stderr


DRAWN_PNG = FIGURE.replace(".pdf", ".png")


def test_code_that_does_not_matter_is_adopted_with_its_reason(edited):
    edited.edit("lottery/tasks/rotnet.py", "views = 4", "views = 2 + 2")
    assert edited.plan()["generate_dense"] == 1
    words = ("--because", "the same number", "--figure", "fig1a", *HOW)
    done = edited.lottery("adopt", "results/tiny", *words)
    assert done.returncode == 0, done.stderr
    assert "adopted" in done.stderr
    assert edited.plan() == {"plot": 1}
    report = records.report(edited.root / DENSE / "rotnet/cifar10-rotnet/seed0/generation.json")
    (entry,) = report["adopted"]
    assert entry["because"] == "the same number"
    assert entry["codes"] != report["codes"]
    verified = edited.lottery("verify", "results/tiny")
    assert verified.returncode == 0
    assert re.search(r"dense: ok, .*\n  adopted: \d files: the same number\n", verified.stdout)
    edited.run()
    assert headers.read(edited.root / DRAWN_PNG)["adopted_before"] == ["the same number"]
    edited.edit("lottery/tasks/rotnet.py", "views = 2 + 2", "views = 3 + 1")
    assert edited.plan()["generate_dense"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recipes": {"cifar10-rotnet": {"learning_rate": 0.002}}}, "only other code can be"),
        ({}, "adopted 0 results"),
    ],
)
def test_only_code_is_adopted(edited, change, words):
    edited.overlay(change)
    done = edited.lottery("adopt", "results/tiny", "--because", "?", "--figure", "fig1a", *HOW)
    assert words in done.stderr
    assert (done.returncode == 0) is (not change)
