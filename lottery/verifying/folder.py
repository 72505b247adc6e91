"""The files of a results folder, and which belong together."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lottery.errors import LotteryError

KINDS = ("images", "subsets", "imported", "dense", "tickets", "tables")
"""The folders of a scale, in the order in which one is made from those before."""
SUFFIXES = (".pt", ".json", ".csv")
UNFINISHED = re.compile(r"(generation|evaluation-.*)-unfinished")
"""Folders of checkpoints, see `lottery.paths.unfinished`."""
LOGS = "logs"


class File(NamedTuple):
    """A file of a results folder."""

    root: str
    """The folder of its scale; it begins all paths below it."""
    kind: str
    """The folder of the scale that it lies in; empty if it lies elsewhere."""
    path: str
    group: str
    """What it is reported with: a ticket and seed, or all of its kind."""
    size: int
    """Bytes."""


def listed(folder: str | Path) -> list[File]:
    """Every result in a folder and the scales in it, sorted so that origins come first.

    Logs, unfinished checkpoints and hidden files are passed over; links are followed. Of a table
    and the report beside it only one is listed.

    Raises: LotteryError if the folder is absent or holds no results.
    """
    base = str(Path(folder))
    if not Path(base).is_dir():
        raise LotteryError(f"{base}: no such folder")
    found = {path: _file(base, path) for path in _walk(base)}
    for path in [path for path in found if path.endswith(".csv")]:
        found.pop(path.removesuffix(".csv") + ".json", None)
    if not found:
        raise LotteryError(f"{base}: no results are there")
    return sorted(found.values(), key=_order)


def within(root: str, path: str, known: Collection[str]) -> str:
    """Where a file that a header names lies now: below `root`, wherever it was made.

    `known` are the paths of the files that are there.
    """
    parts = PurePosixPath(path).parts
    if "results" in parts:
        parts = parts[len(parts) - parts[::-1].index("results") :]
    found = [f"{root}/{'/'.join(parts[i:])}" for i, part in enumerate(parts) if part in KINDS]
    return next((each for each in found if each in known), found[0] if found else path)


def _walk(base: str) -> Iterator[str]:
    seen = set()
    for parent, folders, names in os.walk(base, followlinks=True):
        about = Path(parent).stat()
        if (about.st_dev, about.st_ino) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        above = Path(parent).relative_to(base).parts
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and not UNFINISHED.fullmatch(name)
            and (name != LOGS or any(part in KINDS for part in above))
        ]
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield f"{parent}/{name}"


def _file(base: str, path: str) -> File:
    parts = path.removeprefix(f"{base}/").split("/")
    place = next((i for i, part in enumerate(parts[:-1]) if part in KINDS), None)
    try:
        size = Path(path).stat().st_size
    except OSError:  # a link to nothing: reading it says so
        size = 0
    if place is None:
        return File(base, "", path, "elsewhere", size)
    root = "/".join([base, *parts[:place]])
    alone = parts[place] == "tickets" and len(parts) > place + 3
    group = "/".join(parts[: place + 3 if alone else place + 1])
    return File(root, parts[place], path, group, size)


def _order(file: File) -> tuple[str, int, str, bool, str]:
    """Masks and weights before the reports on them."""
    kind = KINDS.index(file.kind) if file.kind else len(KINDS)
    parent, _, name = file.path.rpartition("/")
    return file.root, kind, parent, not name.endswith(".pt"), name
