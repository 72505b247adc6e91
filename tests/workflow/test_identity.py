"""Names are identity: where an entry stands, and what stands beside it, reruns nothing."""

import yaml

from tests.workflow.project import DENSE, FIGURE, TINY, Project

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


def test_a_further_rewind_point_reruns_the_dense_training_and_nothing_after_it(edited):
    """Nor what was found in its weights, which stay the same to the bit."""
    weights = edited.root / DENSE / "rotnet/cifar10-rotnet/seed0/weights.pt"
    before = weights.read_bytes()
    edited.overlay(
        {
            "rewinds": {"sooner": {"updates": 3}},
            "tickets": {"sooner": {**ROTNET, "rewind": "sooner"}},
        }
    )
    assert edited.plan() == {"generate_dense": 1}
    target = "results/tiny/tickets/sooner/seed0/round01/mask.pt"
    assert edited.plan(target) == {"describe": 1, "generate_dense": 1, "mask": 1}
    edited.run(target, FIGURE)
    assert {path.stem for path in (weights.parent / "early").iterdir()} >= {"cifar10", "sooner"}
    assert weights.read_bytes() != before, "its header is new"
    assert edited.plan(target, FIGURE) == {}


def test_what_a_dense_training_learns_from_reruns_all_that_follows(edited):
    """Though its files are taken as older than what is made from them."""
    edited.edit("lottery/data/digits.py", "% 4 == 3", "% 4 == 2 + 1")
    target = f"{DENSE}/rotnet/cifar10-rotnet/seed0/sparsity.json"
    plan = edited.plan(FIGURE, target)
    assert plan == {
        "images": 1,
        "subset": 1,
        "describe": 4,
        "generate_dense": 2,
        "generate": 3,
        "mask": 4,
        "adjusted_random_mask": 1,
        "evaluate": 2,
        "evaluate_dense": 2,
        "sparsity": 1,
        "aggregate": 1,
        "plot": 1,
    }
