"""Baselines that have the mask of a found ticket, or its counts in each layer."""

import torch

from lottery import paths
from lottery.pruning.mask import Mask
from lottery.verifying.check import verify
from tests.workflow.project import FIGURE, Project
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
