"""Merges extracted, verified files into a project, without changing any that is there."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lottery import files, headers
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.packs import layout
from lottery.packs.write import CHUNK
from lottery.records import LISTED

KEPT = "packs"
"""The folder in a project that keeps what a pack holds beside results and figures."""


def target(name: str, pack: str) -> str:
    """Where a file of a pack goes, from the project's folder; `pack` is the name of the pack."""
    return f"{KEPT}/{pack}/{name}" if layout.kind(name) == "text" else name


def check_place(root: Path, name: str) -> None:
    """Refuse a place in a project that leads elsewhere, or where a file cannot be.

    Raises: LotteryError naming the folder or file that is a symbolic link, or no regular one.
    """
    parts = Path(name).parts
    for end in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:end])
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISLNK(mode):
            raise LotteryError(
                f"{path}: is a symbolic link, and unpack writes through none, even one of your own "
                "choice: unpack beside what it leads to (--into), then move the files there"
            )
        if not (stat.S_ISDIR(mode) if end < len(parts) else stat.S_ISREG(mode)):
            raise LotteryError(f"{path}: in the way of {name}")


@contextmanager
def staging(root: Path, pack: str) -> Iterator[Path]:
    """An empty folder in the file system of a project's results, removed in the end.

    Raises: LotteryError if the results folder is a symbolic link.
    """
    results = root / "results"
    made = not results.exists()
    folder = results / f".unpack-{pack}"
    check_place(root, f"results/{folder.name}/-")
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if made and results.exists() and not any(results.iterdir()):
            results.rmdir()


def absent(
    folder: Path, targets: Mapping[str, str], found: Mapping[str, Mapping[str, Any]], root: Path
) -> list[str]:
    """The names, of those with `targets` below `root`, of files that are not there yet.

    `found` are the headers of those in `folder` that have one. A log that is there stays, whatever
    it says.

    Raises: LotteryError naming all files that are there with other content. What their specs
        differ in is logged.
    """
    new, conflicts = [], []
    for name, goal in targets.items():
        path = root / goal
        if not path.exists():
            new.append(name)
            continue
        problem = (
            None if layout.kind(name) == "log" else _conflict(folder / name, path, found.get(name))
        )
        if problem:
            conflicts.append(goal)
            log(f"{goal}: {problem}")
    if conflicts:
        raise LotteryError(
            f"nothing was written: there already with other content: {', '.join(conflicts)}"
        )
    return new


def _conflict(new: Path, old: Path, header: Mapping[str, Any] | None) -> str | None:
    """In words, how the file that is there differs from the pack's; None if it is the same."""
    if _same_bytes(new, old):
        return None
    if header is None:
        return "other content there"
    try:
        there = headers.read(old)
    except LotteryError as error:
        return f"damaged there: {error}"
    drawn = header["what"] == "figure"  # has no content but its pixels
    same = ("what", "key", "seal" if drawn else "digest")
    if all(there[part] == header[part] for part in same):
        return None
    words = compared(there["spec"], header["spec"])
    return words or "other content there, made by the same spec"


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with open(one, "rb") as left, open(other, "rb") as right:
        while chunk := left.read(CHUNK):
            if chunk != right.read(CHUNK):
                return False
    return True


def compared(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """In what two specs differ, in words; empty if in nothing."""
    mine, its = dict(_leaves(there)), dict(_leaves(here))
    keys = [
        key for key in sorted(mine.keys() | its.keys()) if mine.get(key, ...) != its.get(key, ...)
    ]
    words = [
        f"{key} is {mine.get(key, 'absent')!r} there, {its.get(key, 'absent')!r} in the pack"
        for key in keys[:LISTED]
    ]
    more = [f"and {len(keys) - LISTED} more keys"] if len(keys) > LISTED else []
    return "; ".join(words + more)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _leaves(child, f"{key}.{name}" if key else name)
    else:
        yield key, value


def move(folder: Path, targets: Mapping[str, str], root: Path) -> None:
    """Move files from `folder` to their `targets` below `root`, each at once, whole and lasting."""
    changed = set()
    for name, goal in targets.items():
        path = root / goal
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(folder / name, path)
        changed |= {root / parent for parent in Path(goal).parents}
    for each in sorted(changed):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)  # the renames themselves
        finally:
            os.close(handle)


def _replace(source: Path, path: Path) -> None:
    try:
        os.replace(source, path)
    except OSError as error:
        if error.errno != errno.EXDEV:  # the folder is of another file system
            raise
        with open(source, "rb") as given, files.atomic(path) as handle:
            shutil.copyfileobj(given, handle, CHUNK)
