"""What there is of a figure, what is stale and why, and accepting what does not matter."""

import json
import os
import re
import signal
import time

import pytest

from lottery import headers, records
from tests.workflow.project import DENSE, FIGURE, TINY

HOW = ("--configfile", TINY)
CALL = ("--cores", "2", *HOW)
LABELS = "results/tiny/tickets/cifar10-labels-resnet18/seed0"


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


def wait_for_lock(project, process):
    while not list((project.root / "results").rglob("generation.lock")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)


def test_what_runs_is_told_and_drawn_while_it_runs(untouched):
    untouched.overlay({"recipes": {"cifar10-rotnet": {"epochs": 200}}})
    process = untouched.start(FIGURE, *CALL)
    wait_for_lock(untouched, process)
    figure, _ = parts(untouched)
    assert figure["running"]
    for path, running in figure["running"].items():
        assert path.endswith("generation.json")
        assert running["who"].startswith("process ")
    assert "    runs: results/tiny/" in told(untouched, "fig1a", "--draw")
    partial = untouched.root / "figures/tiny/partial"
    assert (partial / "fig1a.png").read_bytes().startswith(b"\x89PNG")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    figure, _ = parts(untouched)
    assert figure["running"] == {}


def test_a_watched_figure_is_told_until_it_is_there(edited):
    for gone in (FIGURE, "results/tiny/tables/fig1a.csv", f"{LABELS}/round02/generation.json"):
        (edited.root / gone).unlink()
    watching = edited.start("status", FIGURE, "--json", "--watch", "1", *HOW, module="lottery")
    first = json.loads(watching.stdout.readline())
    assert first[0]["missing"] > 0
    edited.run()
    while json.loads(watching.stdout.readline())[0]["missing"]:
        pass
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=30) == 0


def test_what_failed_is_told_with_the_last_line_of_its_log(untouched):
    untouched.overlay({"recipes": {"cifar10-labels": {"optimizer": "sgd", "learning_rate": 1e30}}})
    weights = f"{DENSE}/labels/cifar10-labels/seed0/weights.pt"
    assert untouched.snakemake(weights, *CALL).returncode != 0
    figure, _ = parts(untouched)
    ((log, words),) = figure["failed"].items()
    assert (untouched.root / log).read_text().splitlines()[-1] == words
    assert re.match(r"lottery generate: error: the loss is (nan|inf) at update \d+", words)


def test_a_figure_drawn_from_what_is_there_leaves_out_what_is_stale(edited):
    edited.overlay({"recipes": {"cifar10-rotnet": {"learning_rate": 0.002}}})
    told(edited, "fig1a", "--draw")
    table = (edited.root / "figures/tiny/partial/fig1a.csv").read_text()
    assert "Labels" in table
    assert "RotNet" not in table
    assert "RotNet" in (edited.root / "results/tiny/tables/fig1a.csv").read_text()


def test_a_forecast_of_what_is_there_is_what_it_took(finished):
    done = finished.lottery("forecast", "fig1a", "--json", *HOW)
    assert done.returncode == 0, done.stderr
    total = json.loads(done.stdout)["total"]
    assert (total["trainings"], total["remain"], total["unknown"]) == (9, 0, 0)
    assert total["hours"] == pytest.approx(total["spent"])


NODES = {"max_gpus": 2, "gpus_per_node": 1, "recipes": {"cifar10-labels": {"micro_batches": 2}}}
"""Trainings of this recipe take two nodes."""


@pytest.mark.parametrize(
    ("changes", "jobs"),
    [
        ({}, 2 + 18),  # images, subset, and each training, in which masks ride
        ({"seeds_per_gpu": 2}, 2 + 9),
        (NODES, 2 + 18 + 6),  # two masks of the labels ticket, one of its random one, two seeds
    ],
)
def test_a_forecast_counts_the_jobs_in_which_masks_and_seeds_ride(untouched, changes, jobs):
    untouched.overlay({"seeds": [0, 1], **changes})
    plan = json.loads(untouched.lottery("forecast", "fig1a", "--json", *HOW).stdout)
    assert plan["total"]["trainings"] == 18
    assert plan["jobs"] == jobs


def test_a_forecast_before_the_first_training_guesses_a_gpu(untouched):
    said = untouched.lottery("forecast", "fig3", "--gpu", "H100", "--gpus", "8").stdout
    assert re.search(r"^fig3 +993 +993 +[\d,]+\.\d +[\d,]+\.\d$", said, re.MULTILINE)
    assert "times: guessed at 18% of the peak of one H100" in said
    assert "longest chain: 31 trainings" in said
    refused = untouched.lottery("forecast", "fig3", "--gpu", "B52")
    assert "invalid choice: 'B52' (choose from" in refused.stderr


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
