"""Whether this machine has a data set, complete and in place, and downloading it if possible."""

import json
from collections.abc import Iterable
from pathlib import Path

from lottery.catalogue.formats import FORMATS
from lottery.config import Config
from lottery.config.entries import DatasetEntry
from lottery.data import class_folders
from lottery.data.class_folders import Folder, Survey
from lottery.errors import LotteryError


def missing(config: Config, names: Iterable[str]) -> dict[str, str]:
    """One line for each of the named data sets that this machine lacks, with how to get it."""
    lines = {}
    for name in sorted(set(names)):
        entry = config.datasets[name]
        if entry.root is None:
            continue
        try:
            _check(name, entry, Path(entry.root))
        except LotteryError as error:
            lines[name] = str(error)
        except OSError as error:
            lines[name] = f"datasets.{name}: {error.filename}: {error.strerror}"
    return lines


def _check(name: str, entry: DatasetEntry, root: Path) -> None:
    """Raises: LotteryError, with how to get the data set, if it is missing or malformed."""
    found = FORMATS[entry.format]
    inside = entry.train if found.class_folders else found.archive or ""
    if found.archive == root.resolve().name and not (root / found.archive).is_dir():
        raise LotteryError(
            f"datasets.{name}.root: {root} is one folder too deep: the root holds {found.archive}"
        )
    for folder in (root, root / inside):
        if not folder.is_dir():
            raise LotteryError(f"datasets.{name}.root: no folder {folder}. {entry.obtain}".rstrip())
    if found.class_folders:
        class_folders.classes(entry.identity(name), root)


def contents(config: Config, name: str, report: str) -> tuple[str, str]:
    """The identity of what an image folder holds, and in one line how it differs from its `report`.

    The report is that of the stage `images`. A folder that is missing or malformed counts as
    unchanged; the identity of a data set without class folders is empty.
    """
    entry = config.datasets[name]
    if not FORMATS[entry.format].class_folders or entry.root is None:
        return "", ""
    earlier = _surveyed(report)
    try:
        now = class_folders.survey(entry.identity(name), Path(entry.root), earlier)
    except (LotteryError, OSError) as error:
        if not earlier:  # a job needs the folder then, and says so
            return "", ""
        line = f"{error}; what was made from it stays" if Path(entry.root).is_dir() else ""
        return earlier.contents, line
    changes = now.differences(earlier) if earlier else []
    if not changes:
        return now.contents, ""
    return now.contents, (
        f"datasets.{name}: its folder has changed ({class_folders.some(changes)}): it is another "
        "data set, and what was made from it is made again"
    )


def _surveyed(report: str) -> Survey | None:
    try:
        found = json.loads(Path(report).read_bytes())["result"]["folders"]
        folders = {name: Folder(*folder) for name, folder in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # not made yet, or damaged: everything is listed
    fields = tuple(Folder.__annotations__.values())
    sound = all(tuple(map(type, folder)) == fields for folder in folders.values())
    return Survey(folders, {}) if sound else None


def fetch_missing(config: Config, names: Iterable[str]) -> list[str]:
    """Download what can be downloaded (CIFAR-10); one line for each data set still missing."""
    lines = []
    for name, line in missing(config, names).items():
        entry = config.datasets[name]
        if entry.format != "cifar10" or entry.root is None:
            lines.append(line)
            continue
        from lottery.data import cifar10  # needs torchvision, which takes seconds to import

        try:
            cifar10.fetch(Path(entry.root))
        except LotteryError as error:
            lines.append(f"{line} ({error})")
    return lines
