"""The documents agree with what there is."""

import re
import subprocess

import pytest

from tests.conftest import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def rooms(block: str) -> set[str]:
    """The names at the beginning of each line."""
    lines = [line.split("  ")[0] for line in block.splitlines() if line and line[0] != " "]
    return {name.strip().rstrip("/") for line in lines for name in line.split(",")}


def listed() -> set[str]:
    """Files that git knows."""
    done = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def test_the_rooms_are_those_of_the_tree():
    outer, inner = re.findall(
        r"```\n(.*?)```", (REPOSITORY / "docs/internals.md").read_text(), re.DOTALL
    )[:2]
    files = listed()
    folders = {name.split("/")[0] for name in files if "/" in name and not name.startswith(".")}
    profiles = {"demo", "local", "slurm"}  # for which snakemake looks beside the Snakefile
    assert rooms(outer) == (folders - profiles) | {"config.yaml", "Snakefile"}
    packages = {"/".join(name.split("/")[:2]) for name in files if name.count("/") >= 2}
    assert rooms(inner) == {name for name in packages if name.startswith("lottery/")}


def test_the_readme_is_read_in_one_sitting():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 170


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_overlays_of_a_page_are_there(page):
    text = page.read_text()
    links = {link.split("#")[0] for link in re.findall(r"\]\((?!https?:)([^)#][^)]*)\)", text)}
    absent = {link for link in links if not (page.parent / link).exists()}
    if page.name != "extending.md":  # whose readers write the files that it names
        named = re.findall(r"\b(?:config|workflow|lottery|tests)/[\w/.-]+\.\w+", text)
        absent |= {name for name in named if not (REPOSITORY / name).exists()}
    assert not absent
