"""Baselines that have the mask of a found ticket, or its counts in each layer."""

import io
import json

import pandas as pd
import torch

import lottery
from lottery import paths
from lottery.pruning.mask import Mask
from lottery.verifying.check import verify
from tests.workflow.project import DENSE, FIGURE, Project
from tests.workflow.test_criteria import mask_of, payload
from tests.workflow.test_reruns import DRAWN

LABELS = "cifar10-labels-resnet18"
TICKETS = {"mixed": "shuffled", "again": "reinitialised"}


def mask_in(project: Project, ticket: str) -> Mask:
    return Mask.unpack(payload(project.root / mask_of(project, ticket, 2)))


def test_a_figure_of_both(edited):
    edited.overlay(
        {
            "tickets": {name: {"baseline": kind, "of": LABELS} for name, kind in TICKETS.items()},
            "figures": {
                "fig1a": {"panels": {"ResNet-18": {"curves": {name: name for name in TICKETS}}}}
            },
        }
    )
    assert edited.plan() == {"shuffled_mask": 1, "reinitialised_mask": 1, "evaluate": 2, **DRAWN}
    edited.run()
    assert edited.plan() == {}
    found, mixed, again = (mask_in(edited, ticket) for ticket in (LABELS, *TICKETS))
    assert torch.equal(again.kept, found.kept)
    assert not torch.equal(mixed.kept, found.kept)
    for name, kept in found.layers().items():
        assert mixed.layers()[name].sum() == kept.sum()
    table = (edited.root / paths.table("results/tiny", "fig1a")).read_text()
    assert all(f"ResNet-18,{name},{name}," in table for name in TICKETS)
    assert not verify(edited.root / "results/tiny").book.wrong
    edited.edit("lottery/pruning/baselines/shuffled.py", '"shuffled mask"', '"mask"')
    assert edited.plan(FIGURE) == {"shuffled_mask": 1, "evaluate": 1, **DRAWN}


def test_baselines_from_w_k_and_of_an_equal_budget(edited):
    """Round 0 of those from W_k is the found ticket's own; all have as many updates behind them."""
    tickets = {
        "late": {"baseline": "random", "start": "rewind"},
        "late-again": {"baseline": "reinitialised", "start": "rewind"},
        "long": {"baseline": "random", "budget": "equal"},
        "short": {"baseline": "random"},
    }
    curves = {"Labels": LABELS} | {name: name for name in tickets}
    edited.overlay(
        {
            "tickets": {name: entry | {"of": LABELS} for name, entry in tickets.items()},
            "figures": {"fig1a": {"panels": {"ResNet-18": {"curves": curves}}}},
        }
    )
    plan = edited.plan()
    assert plan == {
        **{"random_mask": 3, "reinitialised_mask": 1, "evaluate": 4, "evaluate_dense": 3},
        **DRAWN,
    }
    edited.run()
    assert edited.plan() == {}
    text = (edited.root / paths.table("results/tiny", "fig1a")).read_text()
    rows = pd.read_csv(io.StringIO(text)).set_index(["curve", "round"])
    behind = rows["updates"].unstack().to_dict("index")
    # 22 updates in two epochs; W_k has one epoch behind it, labels' round 0 the dense training
    assert behind["Labels"] == behind["short"] | {2: 33} == {0: 22, 2: 33}
    assert behind["late"] == behind["late-again"] == behind["long"] == {0: 33, 2: 33}
    assert set(rows["samples"].unstack().loc["RotNet"]) == {3 * 1352}, "in batches of another size"
    starts = {
        name: json.loads((edited.root / where / "evaluation-cifar10.json").read_text())["inputs"]
        for name, where in {
            "late": f"{DENSE}/labels/cifar10-labels/rewind-cifar10/seed0",
            "late-again": f"{DENSE}/labels/cifar10-labels/rewind-cifar10-reinitialised/seed0",
            "long": "results/tiny/dense/random/cifar-resnet18-after-1352-samples/seed0",
        }.items()
    }
    assert starts["late"]["early"] == starts["late-again"]["early"]
    assert "early" not in starts["long"]
    assert not verify(edited.root / "results/tiny").book.wrong
    for name in tickets:
        ticket = lottery.load_ticket(edited.root / f"results/tiny/tickets/{name}/seed0/round02")
        assert isinstance(ticket, torch.nn.Module)
