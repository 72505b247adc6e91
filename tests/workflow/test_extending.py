"""What docs/extending.md says, done: a component of each kind, a ticket and a figure of them."""

import re
from pathlib import Path

import pytest
import torch
import yaml

from lottery.pruning.mask import Mask
from tests.conftest import REPOSITORY
from tests.workflow.project import HOW, Project

FIGURE = "figures/tiny/mine.pdf"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def follow(project: Project) -> None:
    """Write the files and entries of the document, block by block."""
    before, place = "", project.root
    text = (REPOSITORY / "docs/extending.md").read_text()
    for part in re.split(r"(?=^```\w)|(?<=^```\n)", text, flags=re.MULTILINE):
        block = BLOCK.match(part)
        if not block:
            before = part
            continue
        language, content = block.groups()
        if language == "yaml":
            (project.root / "mine.yaml").write_text(content)
        elif language == "python":
            named = re.findall(r"`(lottery/\S+?\.py)`", before)
            place = project.root / named[-1] if named else place
            if "entry" in before or not named:
                enter(place, content)
            else:
                assert not place.exists()
                place.write_text(content)


def enter(place: Path, content: str) -> None:
    """An entry of a table, or the import that it needs."""
    table = place.read_text()
    if content.startswith("from "):
        family = "from lottery.catalogue.networks.family"
        table = table.replace(family, content + family)
    elif "{" in content:
        (line,) = re.findall(r"^    \"network\", .*$", table, re.MULTILINE)
        table = table.replace(line, content.rstrip("\n"))
    else:
        table = table.replace("    {\n", f"    {{\n{content}", 1)
    assert table != place.read_text()
    place.write_text(table)


@pytest.fixture
def extended(edited):
    follow(edited)
    return edited


def test_new_components_rerun_nothing_and_find_tickets(extended):
    assert extended.plan() == {}
    done = extended.snakemake(FIGURE, *HOW, "mine.yaml")
    assert done.returncode == 0, done.stdout
    assert (extended.root / FIGURE).stat().st_size > 0
    place = extended.root / "results/tiny/tickets/stripes-jigsaw/seed0"
    first, second = (
        Mask.unpack(torch.load(place / f"round{n:02}/mask.pt", weights_only=True)["payload"])
        for n in (1, 2)
    )
    assert list(first.shapes) == ["features.0.weight", "features.3.weight", "features.6.weight"]
    assert not (second.kept & ~first.kept).any()
    assert second.remaining == round(first.total / 4)
    said = (extended.root / "results/tiny/logs/mask/stripes-jigsaw/seed0/round01.log").read_text()
    assert "criterion sensitivity: on cpu" in said

    extended.edit("lottery/pruning/criteria/sensitivity.py", ".float().abs()", ".float().square()")
    plan = extended.snakemake(FIGURE, "-n", *HOW[2:], "mine.yaml")
    assert "generate_dense" not in plan.stdout
    assert re.search(r"^mask_on_images +2$", plan.stdout, re.MULTILINE)


def test_the_document_names_what_there_is():
    text = (REPOSITORY / "docs/extending.md").read_text()
    entries = yaml.safe_load(dict(BLOCK.findall(text))["yaml"])
    assert entries["tickets"]["stripes-jigsaw"]["task"] == "jigsaw"
