"""Names are identity: where an entry stands, and what stands beside it, reruns nothing."""

import torch
import yaml

from tests.workflow.project import DENSE, TINY, Project
from tests.workflow.test_criteria import payload

LABELS = {
    "dataset": "cifar10",
    "architecture": "cifar-resnet18",
    "task": "labels",
    "recipe": "cifar10-labels",
    "rewind": "cifar10",
}
ROTNET = {**LABELS, "task": "rotnet", "recipe": "cifar10-rotnet"}
SECTIONS = ("datasets", "subsets", "architectures", "recipes", "rewinds", "tickets", "evaluations")


def rewrite(project: Project, change) -> None:
    """The config and the overlay, as `change` makes them."""
    for name in ("config.yaml", TINY):
        path = project.root / name
        content = change(yaml.safe_load(path.read_text()))
        path.write_text(yaml.safe_dump(content, sort_keys=False))


def backwards(content: dict) -> dict:
    for section in (*SECTIONS, "figures"):
        if section in content:
            content[section] = dict(reversed(content[section].items()))
    return dict(reversed(content.items()))


def test_any_order_of_entries_plans_nothing(edited):
    rewrite(edited, backwards)
    assert edited.plan() == {}


def test_an_equal_ticket_plans_nothing_above_or_below_the_one_it_equals(edited):
    def around(content: dict) -> dict:
        if "cifar10-labels-resnet18" in content.get("tickets", {}):
            others = content["tickets"]
            random = {"baseline": "random", "of": "above"}
            content["tickets"] = {"above": LABELS, "a": random, **others, "below": ROTNET}
        return content

    rewrite(edited, around)
    assert edited.plan() == {}


def test_a_further_rewind_point_reruns_the_dense_training_that_saves_it_and_nothing_else(edited):
    """Weights and masks come out as they were, to the bit."""
    place = edited.root / DENSE / "rotnet/cifar10-rotnet/seed0"
    before = payload(place / "weights.pt")
    edited.overlay(
        {
            "rewinds": {"sooner": {"updates": 3}},
            "tickets": {"sooner": {**ROTNET, "rewind": "sooner"}},
        }
    )
    assert edited.plan() == {}
    target = "results/tiny/tickets/sooner/seed0/round01/generation.json"
    assert edited.plan(target) == {"generate_dense": 1, "mask": 1, "generate": 1}
    edited.run(target)
    assert {path.stem for path in (place / "early").glob("*.pt")} == {"cifar10", "sooner"}
    after = payload(place / "weights.pt")
    assert torch.equal(after["values"], before["values"])
    assert edited.plan(target) == {}
    assert edited.plan() == {}
