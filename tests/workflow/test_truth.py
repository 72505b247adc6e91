"""Whether a result is up to date lies in the result, whoever made it, wherever and whenever."""

import os
import shutil
import subprocess
import sys

import pytest
import torch

from lottery import records
from tests.workflow.project import DENSE, FIGURE, HOW, TINY
from tests.workflow.test_reruns import DRAWN, ONE_MORE_SEED, ROTNET

CHAIN = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0"
EVALUATION = f"{CHAIN}/round02/evaluation-cifar10.json"
EARLY = f"{DENSE}/rotnet/cifar10-rotnet/seed0/early/cifar10.pt"


def test_results_of_others_are_complete(sent):
    assert sent.plan() == {}
    assert "Nothing to be done" in dry(sent)


def dry(project):
    return project.snakemake(FIGURE, "-n", "--configfile", TINY).stdout


def test_what_can_be_made_again_identically_is_no_reason_to_train(sent):
    for folder in ("images", "subsets"):
        shutil.rmtree(sent.root / "results/tiny" / folder)
    assert sent.plan() == {}
    sent.overlay({"seeds": [0, 1]})
    assert sent.plan() == {"images": 1, "subset": 1, **ONE_MORE_SEED}


def test_results_that_cannot_be_written_are_redrawn(sent):
    """Mounted read-only, as a colleague's folder may be: root can write whatever its mode is."""
    mount = "mount --bind results results && mount -o remount,ro,bind results"
    able = ["unshare", "-m", "sh", "-c", mount]
    if subprocess.run(able, cwd=sent.root, check=False, capture_output=True).returncode:
        pytest.skip("needs to mount a folder read-only: root, and unshare")
    for drawn in (sent.root / "figures/tiny").glob("fig1a.*"):
        drawn.unlink()
    snakemake = f"{sys.executable} -m snakemake {FIGURE} {' '.join(HOW)}"
    script = f"{mount} && ! touch results/tiny/x 2>/dev/null && {snakemake}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        cwd=sent.root,
        env={**os.environ, "PYTHONPATH": str(sent.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (sent.root / FIGURE).exists()


def test_without_trained_weights_a_further_round_trains_one_more_for_each_chain(sent):
    for weights in (sent.root / "results/tiny").rglob("weights.pt"):
        weights.unlink()
    assert sent.plan() == {}
    sent.overlay({"pruning": {"evaluated_rounds": [0, 2, 3]}})
    # Round 2 of rotnet was not trained, for no evaluation needed it; that of labels is made again.
    assert sent.plan() == {
        "generate": 3,
        "mask": 2,
        "generate_dense": 1,
        "adjusted_random_mask": 1,
        "evaluate": 2,
        **DRAWN,
    }


@pytest.mark.parametrize(
    ("changes", "plan", "words"),
    [
        (
            {"recipes": {"cifar10-rotnet": {"learning_rate": 0.002}}},
            ROTNET,
            "recipe.learning_rate 0.001 -> 0.002",
        ),
        (
            {"pruning": {"fraction": 0.4}},
            {"mask": 4, "adjusted_random_mask": 1, "generate": 3, "evaluate": 2, **DRAWN},
            "chain.fraction 0.5 -> 0.4",
        ),
        ({"seeds": [1]}, ONE_MORE_SEED, "table.seeds"),
        ({"seeds": [0, 1]}, ONE_MORE_SEED, "table.seeds"),
        ({"pruning": {"evaluated_rounds": [2]}}, DRAWN, "table.rounds"),
    ],
    ids=["recipe", "fraction", "another seed", "two seeds", "fewer rounds"],
)
def test_a_changed_config_is_not_answered_by_results_of_another(sent, changes, plan, words):
    sent.overlay(changes)
    assert sent.plan() == plan
    assert words in dry(sent)


def test_code_of_another_task_than_the_results_were_made_with(sent):
    sent.edit("lottery/tasks/rotnet.py", "views = 4", "views = 2 + 2")
    assert sent.plan() == ROTNET
    assert "code of lottery/tasks/rotnet.py" in dry(sent)


def test_an_edited_report_is_made_again(sent):
    path = sent.root / EVALUATION
    path.write_text(path.read_text().replace('"accuracy": 0.', '"accuracy": 0.9', 1))
    done = sent.snakemake(FIGURE, "--cores", "1", "--configfile", TINY, "-R", "aggregate")
    assert done.returncode != 0
    assert f"{EVALUATION}: damaged or edited: its content does not match its digest" in done.stdout
    assert "Traceback" not in done.stdout
    head, rest = path.read_text().split("\n", 1)
    path.write_text(head.replace('"seconds": ', '"seconds": 1', 1) + "\n" + rest)
    assert sent.plan() == {"evaluate": 1, **DRAWN}
    assert "its header does not match its seal" in dry(sent)


def test_an_edited_table_is_not_drawn(sent):
    table = sent.root / "results/tiny/tables/fig1a.csv"
    table.write_text(table.read_text().replace("labels", "rotnet", 1))
    (sent.root / FIGURE).unlink()
    done = sent.snakemake(FIGURE, "--cores", "1", "--configfile", TINY)
    assert done.returncode != 0
    assert "tables/fig1a.csv: damaged or edited: it is not the table of its report" in done.stdout
    assert "Traceback" not in done.stdout


def rewritten(path, change, honest):
    """W_k with other values; `honest` with the digest and the seal that belong to these."""
    content = torch.load(path, weights_only=True)
    change(content["payload"])
    if honest:
        content["header"] = records.sealed(content["header"], content["payload"])
    torch.save(content, path)


def scaled(payload):
    payload["model"] = {name: value * 1.05 for name, value in payload["model"].items()}


def test_changed_weights_under_an_old_header_are_refused(sent):
    rewritten(sent.root / EARLY, scaled, honest=False)
    done = sent.snakemake(EVALUATION, "--cores", "1", "--configfile", TINY, "-f")
    assert done.returncode != 0
    assert f"{EARLY}: damaged or edited: its content does not match its digest" in done.stdout


def test_what_was_made_from_another_input_is_made_again(sent):
    rewritten(sent.root / EARLY, scaled, honest=True)
    plan = sent.plan()
    assert plan == {key: count for key, count in ROTNET.items() if key != "generate_dense"} | {
        "mask": 1
    }
    assert f"made from another {EARLY}" in dry(sent)


def test_a_mask_of_another_seed_is_seen(sent):
    masks = [sent.root / CHAIN / f"round0{number}/mask.pt" for number in (1, 2)]
    shutil.copyfile(masks[0], masks[1])
    assert sent.plan() == {"mask": 1, "evaluate": 1, **DRAWN}
    assert "round 1 -> 2" in dry(sent)
