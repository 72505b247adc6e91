"""Tickets by another criterion than the magnitude."""

import torch

from lottery.pruning.mask import Mask
from lottery.pruning.selection import select
from tests.workflow.project import DENSE, Project

LABELS = "cifar10-labels-resnet18"


def ticket(criterion):
    return {
        "dataset": "cifar10",
        "architecture": "cifar-resnet18",
        "task": "labels",
        "recipe": "cifar10-labels",
        "rewind": "cifar10",
        "criterion": criterion,
    }


def mask_of(project: Project, name: str, round: int) -> str:
    return f"results/tiny/tickets/{name}/seed0/round{round:02}/mask.pt"


def payload(path):
    return torch.load(path, weights_only=True)["payload"]


def test_magnitude_increase_shares_the_dense_training_and_compares_with_its_start(edited):
    edited.overlay({"tickets": {"grown": ticket("magnitude-increase")}})
    target = mask_of(edited, "grown", 1)
    assert edited.plan(target) == {"mask": 1}
    edited.run(target)
    place = edited.root / DENSE / "labels/cifar10-labels/seed0"
    trained, early = payload(place / "weights.pt"), payload(place / "early/cifar10.pt")["model"]
    dense = Mask.unpack(trained["mask"])
    weights = dense.expand(trained["values"])
    grown = [(weights[name].abs() - early[name].abs()).flatten() for name in dense.shapes]
    found = Mask.unpack(payload(edited.root / target))
    assert torch.equal(found.kept, select(torch.cat(grown), dense, 0.5).kept)
    header = torch.load(edited.root / target, weights_only=True)["header"]
    assert set(header["inputs"]) == {"weights", "early"}
