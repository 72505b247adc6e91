"""What docs/ shows can be drawn again by anybody, from the packs beside it."""

import re

import numpy as np
import pytest
from PIL import Image

from lottery import headers
from lottery.stages.redraw import redraw
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PACKS = sorted(DOCS.glob("results/*.zip"))


def drawn_from(path):
    """What a figure was drawn from, and how."""
    header = headers.read(path)
    return header["key"], header["inputs"]["table"]["digest"]


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory):
    """All figures of the packs, drawn by the present code."""
    folder = tmp_path_factory.mktemp("redrawn")
    redraw([str(pack) for pack in PACKS], str(folder), 1)
    return {drawn_from(path): path for path in folder.glob("*/*.png")}


@pytest.mark.parametrize(
    "shown", sorted(DOCS.rglob("*.png")), ids=lambda path: str(path.relative_to(DOCS))
)
def test_each_figure_that_is_shown_is_the_one_that_is_redrawn(redrawn, shown):
    again = redrawn[drawn_from(shown)]
    with Image.open(shown) as one, Image.open(again) as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_each_figure_is_shown_on_a_page():
    pages = [*DOCS.glob("*.md"), REPOSITORY / "README.md"]
    named = {
        (page.parent / link).resolve()
        for page in pages
        for link in re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", page.read_text())
    }
    assert named == {path.resolve() for path in DOCS.rglob("*.png")}


def test_a_pack_that_is_shown_holds_no_path_of_a_machine(tmp_path):
    """Headers name inputs from the folder of the project."""
    from lottery.packs import read

    for pack in PACKS:
        with read.opened(str(pack), 1e9) as found:
            folder = tmp_path / pack.stem
            folder.mkdir()
            found.extract(folder)
        for path in folder.rglob("*.json"):
            assert not re.search(r'"/[a-z]+/', path.read_text()), path
