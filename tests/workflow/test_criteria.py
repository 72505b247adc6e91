"""Tickets by another criterion, and a criterion of one's own as docs/extending.md has it."""

import re

import pytest
import torch

from lottery.pruning.mask import Mask
from lottery.pruning.selection import select
from tests.conftest import REPOSITORY
from tests.workflow.project import Project

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
    place = edited.root / f"results/tiny/tickets/{LABELS}/seed0"
    trained, early = payload(place / "round00/weights.pt"), payload(place / "early.pt")["models"][0]
    dense = Mask.unpack(trained["mask"])
    weights = dense.expand(trained["values"])
    grown = [(weights[name].abs() - early[name].abs()).flatten() for name in dense.shapes]
    found = Mask.unpack(payload(edited.root / target))
    assert torch.equal(found.kept, select(torch.cat(grown), dense, 0.5).kept)
    header = torch.load(edited.root / target, weights_only=True)["header"]
    assert set(header["inputs"]) == {"weights", "early"}


@pytest.fixture
def walked(edited):
    """The walk of docs/extending.md: the module and the line in the table."""
    text = (REPOSITORY / "docs/extending.md").read_text()
    module, line = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (name,) = re.findall(r"Its module, `(\S+)`", text)
    (edited.root / name).write_text(module)
    edited.edit("lottery/catalogue/criteria.py", "    {\n", f"    {{\n{line}")
    return edited


def test_a_criterion_of_ones_own_reruns_nothing_and_finds_tickets(walked):
    assert walked.plan() == {}
    walked.overlay({"tickets": {"sensitive": ticket("sensitivity")}})
    target = mask_of(walked, "sensitive", 2)
    assert walked.plan(target) == {"mask": 2, "generate": 1}
    walked.run(target)
    first, second = (
        Mask.unpack(payload(walked.root / mask_of(walked, "sensitive", round))) for round in (1, 2)
    )
    assert not (second.kept & ~first.kept).any()
    other = Mask.unpack(payload(walked.root / mask_of(walked, LABELS, 1)))
    assert first.remaining == other.remaining
    assert not torch.equal(first.kept, other.kept)
    walked.edit("lottery/pruning/criteria/sensitivity.py", ".float().abs()", ".float().square()")
    assert walked.plan(target) == {"mask": 2, "generate": 1}
    assert walked.plan() == {}


def test_an_unknown_criterion_is_refused_with_those_that_there_are(untouched):
    untouched.overlay({"pruning": {"criterion": "luck"}})
    done = untouched.snakemake("-n", "--configfile", "tests/workflow/tiny.yaml")
    assert done.returncode != 0
    assert "pruning.criterion" in done.stdout
    assert "unknown criterion 'luck', choose of magnitude, magnitude-increase" in done.stdout
    assert "Traceback" not in done.stdout
