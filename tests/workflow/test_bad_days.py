"""Bad input, killed jobs and lost files: a clear error, and the next call goes on from there."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
import torch

from lottery import headers
from tests.workflow.project import DENSE, FIGURE, HOW, LOGS, TINY, Project

CALL = (FIGURE, *HOW)
LABELS = "results/tiny/tickets/cifar10-labels-resnet18/seed0"
ROTNET = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0"
DENSE_LABELS = "labels/cifar10-labels/seed0"
DENSE_ROTNET = "rotnet/cifar10-rotnet/seed0"


def wait_for(process, condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def stop(process, number):
    """A signal to snakemake and all of its jobs, as from a terminal or a node that dies."""
    os.killpg(process.pid, number)
    process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("number", "dense", "ticket", "last"),
    [
        (signal.SIGINT, DENSE_LABELS, LABELS, "round02/generation.json"),
        (signal.SIGKILL, DENSE_ROTNET, ROTNET, "round02/evaluation-cifar10.json"),
    ],
    ids=["interrupted-after-round-0", "killed-in-round-1"],
)
def test_a_run_that_is_stopped_goes_on_to_the_same_result(
    finished, untouched, number, dense, ticket, last
):
    target = f"{ticket}/{last}"
    process = untouched.start(target, *HOW)
    wait_for(process, (untouched.root / ticket / "round01/mask.pt").exists)
    done = f"{DENSE}/{dense}/weights.pt"
    time.sleep(3)  # into the next trainings
    stop(process, number)
    kept = (untouched.root / done).read_bytes()
    if number == signal.SIGKILL:
        said = untouched.snakemake("--unlock", "--configfile", TINY)
        assert said.returncode == 0, said.stdout
    output = untouched.run(target, "--rerun-incomplete")
    assert (untouched.root / done).read_bytes() == kept, "what was finished is not made again"
    assert "generate_dense" not in re.findall(r"rule (\w+):", output) or number == signal.SIGINT
    assert untouched.result(target) == finished.result(target)
    assert not list((untouched.root / "results").rglob(".*.tmp"))


def fails(project, *words):
    """The call ends with an error that has these words, and without a traceback."""
    done = project.snakemake(*CALL, "--show-failed-logs")
    assert done.returncode != 0
    assert "MissingOutputException" not in done.stdout, "the stage itself must fail"
    for word in words:
        assert word in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def test_a_truncated_artifact_is_read_by_nothing_and_made_again(edited):
    weights = edited.root / DENSE / DENSE_ROTNET / "weights.pt"
    mask = edited.root / ROTNET / "round01/mask.pt"
    before = payload(mask)
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    spec = json.dumps(headers.read(mask)["spec"])
    out = str(edited.root / "mask.pt")
    done = edited.lottery("mask", "--spec", spec, "--weights", str(weights), "--out", out)
    assert done.returncode == 1
    assert f"{weights}: not a readable artifact" in done.stderr
    assert "Traceback" not in done.stderr
    said = edited.snakemake(FIGURE, "-n", "--configfile", TINY).stdout
    assert f"{DENSE}/{DENSE_ROTNET}/weights.pt: not a readable result" in said
    edited.run()
    assert edited.plan() == {}
    assert torch.equal(payload(mask)["bits"], before["bits"])


def payload(path):
    return torch.load(path, weights_only=True)["payload"]


def test_a_diverged_training_says_so_in_its_log(untouched: Project):
    untouched.overlay({"recipes": {"cifar10-labels": {"optimizer": "sgd", "learning_rate": 1e30}}})
    done = untouched.snakemake(f"{DENSE}/{DENSE_LABELS}/weights.pt", *HOW, "--show-failed-logs")
    assert done.returncode != 0
    assert "the training diverged" in done.stdout
    assert "Traceback" not in done.stdout
    log = untouched.root / LOGS / DENSE_LABELS / "generation.log"
    assert re.search(r"error: the loss is (nan|inf) at update \d+", log.read_text())
    assert not (untouched.root / DENSE / DENSE_LABELS / "weights.pt").exists()


def test_missing_data_stops_the_run_before_any_job_and_only_warns_a_dry_run(untouched: Project):
    said = untouched.snakemake("figures/fig7.pdf", "--cores", "2")
    assert said.returncode != 0
    assert "datasets.imagenet.root: no folder data/imagenet. Get ILSVRC 2012" in said.stdout
    assert "Traceback" not in said.stdout
    assert not (untouched.root / "results/logs").exists()
    dry = untouched.snakemake("figures/fig7.pdf", "-n")
    assert dry.returncode == 0, dry.stdout
    assert "datasets.imagenet.root: no folder data/imagenet" in dry.stdout


def test_a_misspelt_key_stops_the_run_with_one_line(untouched: Project):
    untouched.overlay({"recipes": {"cifar10-rotnet": {"epoch": 3}}})
    said = fails(
        untouched, f"{TINY}: recipes.cifar10-rotnet.epoch: unknown key; did you mean epochs?"
    )
    assert len(said.splitlines()) < 12


def test_a_figure_is_redrawn_from_results_alone(edited):
    """A colleague got results without weights, masks, data or Snakemake's records."""
    for heavy in (edited.root / "results").rglob("*.pt"):
        heavy.unlink()
    for record in ("figures/tiny/fig1a.pdf", "figures/tiny/fig1a.png"):
        (edited.root / record).unlink()
    assert edited.plan() == {"plot": 1}
    edited.run()


def test_a_stage_that_is_killed_while_it_trains_is_tried_again(finished, untouched: Project):
    target = f"{DENSE}/{DENSE_ROTNET}/generation.json"
    process = untouched.start(target, *HOW, "--retries", "1")
    log = untouched.root / LOGS / DENSE_ROTNET / "generation.log"
    wait_for(process, lambda: log.exists() and "on cpu" in log.read_text())
    os.kill(_stage_of(untouched), signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "Trying to restart" in output
    assert untouched.result(target) == finished.result(target)


def _stage_of(project):
    """Process id of the RotNet training that runs in this project."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text().split("\0")
            place = (entry / "cwd").readlink()
        except OSError:
            continue
        stage = words[1:4] == ["-m", "lottery", "generate"] and "rotnet" in " ".join(words)
        if stage and place == project.root:
            return int(entry.name)
    raise AssertionError("no such process")


def test_without_a_target_all_figures_are_asked_for(untouched: Project):
    assert untouched.plan("--quiet", "rules")["plot"] == 1


def test_the_file_with_the_mistake_is_named(untouched: Project):
    untouched.overlay({"pruning": {"fraction": 1.5}})
    assert f"{TINY}: pruning.fraction: Input should be less than 1; found 1.5" in fails(untouched)
    untouched.overlay({"pruning": {"fraction": 0.5}})
    done = untouched.snakemake(*CALL, "--config", "seeds=[-1]")
    assert "--config: seeds" in done.stdout
