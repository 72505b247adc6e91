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


def test_imports_go_down_the_rooms_of_the_library():
    page = (REPOSITORY / "docs/internals.md").read_text()
    order = re.findall(r"^lottery/(\w+) ", page, re.MULTILINE)
    upward = set()
    for path in (REPOSITORY / "lottery").rglob("*.py"):
        own = path.relative_to(REPOSITORY / "lottery").parts[0]
        lines = re.findall(
            r"^\s*from lottery(?:\.(\w+)| import (.+))", path.read_text(), re.MULTILINE
        )
        for used in (
            name for inside, names in lines for name in re.findall(r"\w+", inside or names)
        ):
            if {own, used} <= set(order) and order.index(used) < order.index(own):
                upward.add((own, used))
    assert upward == {("verifying", "stages")}, "as the page says"


def test_the_readme_is_read_in_one_sitting():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 170


def prose(page):
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """What links can name of a page: its headings, as GitHub spells them."""
    found = []
    for heading in re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words).lower().replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


@pytest.mark.parametrize("name", sorted(name for name in listed() if name.endswith(".md")))
def test_links_of_a_page_lead_somewhere(name):
    page = REPOSITORY / name
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_sections_that_a_page_names_are_there(page):
    text = page.read_text()
    absent = set()
    if page.name != "extending.md":  # whose readers write the files that it names
        named = re.findall(r"\b(?:config|workflow|lottery|tests)/[\w/.-]+\.\w+", text)
        absent = {name for name in named if not (REPOSITORY / name).exists()}
    headings = re.findall(r"^#+ (.+)", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    absent |= set(re.findall(r"README's \"([^\"]+)\"", text)) - set(headings)
    assert not absent
