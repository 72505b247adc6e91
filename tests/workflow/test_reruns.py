"""An edit reruns exactly what depends on it."""

import json
from pathlib import Path

import torch

from tests.workflow.project import DENSE, FIGURE, TINY

DRAWN = {"aggregate": 1, "plot": 1}
# no evaluation needs the training of the last round
ROTNET = {
    "generate_dense": 1,
    "generate": 1,
    "mask": 2,
    "evaluate": 1,
    "evaluate_dense": 1,
    **DRAWN,
}


ONE_MORE_SEED = {
    "generate_dense": 2,
    "generate": 3,
    "mask": 4,
    "adjusted_random_mask": 1,
    "evaluate": 2,
    "evaluate_dense": 2,
    **DRAWN,
}


def test_a_generation_recipe_reruns_its_chain_and_no_other(edited):
    edited.overlay({"recipes": {"cifar10-rotnet": {"learning_rate": 0.002}}})
    assert edited.plan() == ROTNET


def test_the_rate_of_pruning_reruns_all_but_the_dense_trainings(edited):
    edited.overlay({"pruning": {"fraction": 0.4}})
    assert edited.plan() == {
        "mask": 4,
        "adjusted_random_mask": 1,
        "generate": 3,
        "evaluate": 2,
        **DRAWN,
    }


def test_code_of_the_data_set_reruns_all_that_reads_it(edited):
    edited.edit("lottery/data/digits.py", "% 4 == 3", "% 4 == 2 + 1")
    plan = edited.plan()
    assert plan["images"] == plan["subset"] == 1
    assert plan["generate_dense"] == 2


def test_another_seed_adds_its_own_chains(edited):
    edited.overlay({"seeds": [0, 1]})
    assert edited.plan() == ONE_MORE_SEED


def test_further_rounds_go_on_from_the_last(edited):
    edited.overlay({"pruning": {"evaluated_rounds": [0, 2, 3]}})
    assert edited.plan() == {
        "mask": 2,
        "adjusted_random_mask": 1,
        "generate": 2,
        "evaluate": 2,
        **DRAWN,
    }


def test_the_look_of_figures_reruns_the_plot(edited):
    edited.edit("lottery/figures/style.py", "#0072B2", "#0072B3")
    assert edited.plan() == {"plot": 1}
    edited.overlay({"figures": {"fig1a": {"title": "Another title"}}})
    assert edited.plan() == {"plot": 1}


def test_comments_and_docstrings_rerun_nothing(edited):
    edited.edit("lottery/training/loop.py", '"""Training a network', '"""Training any network')
    edited.edit("lottery/tasks/rotnet.py", "\nimport torch\n", "\nimport torch  # as ever\n")
    assert edited.plan() == {}


def test_code_of_one_task_reruns_that_tasks_chains(edited):
    edited.edit("lottery/tasks/rotnet.py", "views = 4", "views = 2 + 2")
    assert edited.plan() == ROTNET


def test_code_of_another_architecture_reruns_nothing(edited):
    edited.edit("lottery/models/vgg.py", "0.01", "0.02")
    assert edited.plan() == {}


def test_a_data_set_that_moves_reruns_nothing(edited):
    edited.overlay({"datasets": {"cifar10": {"root": "elsewhere"}}})
    assert edited.plan() == {}


def test_scales_share_nothing(finished):
    assert finished.plan("figures/demo/fig1a.pdf", config="config/demo.yaml")["generate_dense"] == 6


def test_a_stage_refuses_an_input_of_another_recipe(edited):
    """As when the config is edited while jobs of the old one are still in the queue."""
    report = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0/round02/evaluation-cifar10.json"
    target = edited.root / report
    before = target.read_bytes()
    spec = json.loads(before.splitlines()[0].removesuffix(b",") + b"}")["spec"]
    spec["chain"]["training"]["recipe"]["learning_rate"] = 0.002
    files = {
        "images": "results/tiny/images/cifar10.pt",
        "subset": "results/tiny/subsets/cifar10/all.pt",
        "early": f"{DENSE}/rotnet/cifar10-rotnet/seed0/early/cifar10.pt",
        "mask": f"{Path(report).parent}/mask.pt",
        "report": report,
    }
    options = [f"--{name}={path}" for name, path in files.items()]
    done = edited.lottery("evaluate", "--spec", json.dumps(spec), *options)
    assert done.returncode == 1
    assert "learning_rate is 0.001 there, 0.002 here" in done.stderr
    assert "Traceback" not in done.stderr
    assert target.read_bytes() == before


def test_weights_of_pruned_rounds_are_dropped_on_request_and_missed_by_nothing(finished, untouched):
    """The masks are the same. What is asked for by name, here the last round, is kept whole."""
    untouched.overlay({"keep_weights": False})
    chain = "results/tiny/tickets/cifar10-labels-resnet18/seed0"
    target = f"{chain}/round02/generation.json"
    untouched.run(target)
    kept = {path.parent.name for path in (untouched.root / chain).rglob("weights.pt")}
    assert kept == {"round02"}
    assert (untouched.root / DENSE / "labels/cifar10-labels/seed0/weights.pt").exists()
    for name in ("round01", "round02"):
        masks = [
            torch.load(project.root / chain / name / "mask.pt", weights_only=True)["payload"]
            for project in (finished, untouched)
        ]
        assert torch.equal(masks[0]["bits"], masks[1]["bits"])
    assert untouched.plan(target) == {}
    assert untouched.plan(target.replace("02", "03")) == {"mask": 1, "generate": 1}


def test_a_dry_run_names_the_weights_that_only_meet_padding(untouched):
    said = untouched.snakemake(FIGURE, "-n", "--configfile", TINY).stdout
    assert said.count("dead taps:") == 1
    assert (
        "dead taps: 62.1% of the prunable weights of cifar-resnet18 only ever meet padding on"
        in said
    )
    assert "the 8 pixels of cifar10: layer4.0.conv1.weight, layer4.0.conv2.weight" in said
    untouched.overlay({"datasets": {"cifar10": {"image_size": 16}}})
    assert "dead taps" not in untouched.snakemake(FIGURE, "-n", "--configfile", TINY).stdout


def test_a_ticket_that_is_not_rewound_starts_each_round_where_the_last_one_ended(edited):
    """Even where the weights of pruned rounds are not kept."""
    edited.overlay({"rewinds": {"cifar10": {"epochs": None, "none": True}}, "keep_weights": False})
    chain = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0"
    target = f"{chain}/round02/evaluation-cifar10.json"
    said = edited.run(target)
    assert "Traceback" not in said
    report = json.loads((edited.root / target).read_text())
    assert report["inputs"]["early"]["path"] == f"{chain}/round01/weights.pt"
    before = json.loads((edited.root / f"{chain}/round01/generation.json").read_text())
    assert before["inputs"]["early"]["path"] == f"{DENSE}/rotnet/cifar10-rotnet/seed0/weights.pt"
