"""The class folders of an image data set, `ROOT/SPLIT/CLASS/IMAGE`: found and checked, none opened.

Nothing here needs torch, so a dry run can ask.
"""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from lottery.errors import LotteryError
from lottery.specs import Dataset

SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".ppm", ".pgm", ".pbm"),
    *(".webp", ".tif", ".tiff", ".gif", ".avif"),
}
"""Suffixes of image files, in upper or lower case."""
SHOWN = 5
"""Most names that a message gives."""


class Folder(NamedTuple):
    """What a class folder held, so that it is listed again only if it has changed."""

    state: str
    """State of the folder itself; it changes if a file is added or removed, or the folder moved."""
    images: int
    digest: str
    """SHA-256 of the images' names."""


class Survey(NamedTuple):
    """What lies in the class folders of both splits."""

    folders: dict[str, Folder]
    """By path below the root."""
    passed_over: dict[str, int]
    """The number of files and folders that are neither images nor classes, by kind."""

    @property
    def contents(self) -> str:
        """SHA-256 of the names of all images: the identity of the data set."""
        sha = hashlib.sha256()
        for name, folder in sorted(self.folders.items()):
            sha.update(os.fsencode(name) + b"\0" + folder.digest.encode())
        return sha.hexdigest()

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of their labels."""
        return sorted({name.rsplit("/", 1)[1] for name in self.folders})

    def differences(self, earlier: Self) -> list[str]:
        """What has changed since an earlier survey, in words, by class folder."""
        return [
            f"{name}: {_count(now)}, was {_count(before)}"
            if _count(now) != _count(before)
            else f"{name}: other names"
            for name in sorted(self.folders.keys() | earlier.folders.keys())
            for now, before in [(self.folders.get(name), earlier.folders.get(name))]
            if now is None or before is None or now.digest != before.digest
        ]


def _count(folder: Folder | None) -> str:
    return f"{folder.images:,} images" if folder else "absent"


def classes(dataset: Dataset, root: Path) -> list[str]:
    """The names of the class folders, the same in both splits; a class's label is its place.

    Folders whose names begin with a dot are ignored.

    Raises: LotteryError if a split has no such folders, or one has no images, or they differ, or
        are not as many as the config says.
    """
    train, test = (_class_folders(dataset, root, split) for split in (dataset.train, dataset.test))
    if train != test:
        raise LotteryError(
            f"datasets.{dataset.name}: class folders differ: {_difference(dataset, train, test)}"
        )
    if len(train) != dataset.classes:
        raise LotteryError(
            f"datasets.{dataset.name}.classes: {dataset.classes} in the config, {len(train)} class "
            f"folders in {root / dataset.train}: {quoted(train)}"
            f"{_hidden(root / dataset.train)}"
        )
    return sorted(train)


def images_of(place: Path) -> list[str]:
    """The names of the images in a class folder, by alphabet.

    Raises: LotteryError if a folder in it holds images too, which would be left out.
    """
    return _read(place)[0]


def is_image(name: str) -> bool:
    """Whether a file of this name is taken for an image: not `._0.jpg`, as a Mac's archive has."""
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - a million of them
    return suffix.lower() in SUFFIXES and not name.startswith(".")


def survey(dataset: Dataset, root: Path, earlier: Survey | None = None) -> Survey:
    """What the class folders hold now; those unchanged since an `earlier` survey are not listed.

    Raises: LotteryError as `classes` does.
    """
    folders: dict[str, Folder] = {}
    passed_over: Counter[str] = Counter()
    names = classes(dataset, root)
    for split in (dataset.train, dataset.test):
        passed_over.update(_beside(root / split))
        for name in names:
            place = root / split / name
            path, state = f"{split}/{name}", _state(place)
            known = earlier.folders.get(path) if earlier else None
            if known and known.state == state:
                folders[path] = known
                continue
            images, others = _read(place)
            passed_over.update(others)
            digest = hashlib.sha256(b"\0".join(map(os.fsencode, images))).hexdigest()
            folders[path] = Folder(state, len(images), digest)
    return Survey(folders, dict(passed_over))


def _state(place: Path) -> str:
    """Modification time, change time and inode of a folder.

    The first is not enough: an archive can give all folders the same time, and two folders that
    swap names keep theirs.
    """
    found = place.stat()
    return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _read(place: Path) -> tuple[list[str], Counter[str]]:
    """The images in a class folder, and the number of other entries by kind.

    Raises: LotteryError if a folder in it holds images too.
    """
    images, others, folders = [], Counter[str](), []
    with os.scandir(place) as entries:
        for entry in entries:
            if is_image(entry.name):
                images.append(entry.name)
            elif entry.is_dir():
                folders.append(entry.name)
                others["hidden folders" if _hides(entry.name) else "folders"] += 1
            else:
                others[_kind(entry.name)] += 1
    if images and (deeper := _deeper(place, folders)):
        raise LotteryError(
            f"{place}: has images, and more of them one folder deeper, in {deeper}, which would be "
            "left out: move them"
        )
    return sorted(images), others


def _deeper(place: Path, folders: list[str]) -> str | None:
    """The first of these folders in a class folder that holds images itself."""
    for name in sorted(folders):
        with os.scandir(place / name) as entries:
            if not _hides(name) and any(is_image(entry.name) for entry in entries):
                return name
    return None


def _beside(place: Path) -> Counter[str]:
    """What is in a split's folder besides class folders."""
    found: Counter[str] = Counter()
    with os.scandir(place) as entries:
        for entry in entries:
            if not entry.is_dir():
                found[
                    "images in no class folder" if is_image(entry.name) else _kind(entry.name)
                ] += 1
            elif _hides(entry.name):
                found["hidden folders"] += 1
    return found


def some(words: Iterable[str]) -> str:
    """The first few of them, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def quoted(names: Iterable[str]) -> str:
    """Like `some`, for sorted names in quotes."""
    return some(map(repr, sorted(names)))


def _class_folders(dataset: Dataset, root: Path, split: str) -> set[str]:
    place = root / split
    layout = f"expected {place}/CLASS/IMAGE.jpg; `python -m lottery arrange --help` may make it"
    if not place.is_dir():
        raise LotteryError(f"datasets.{dataset.name}: no folder {place}: {layout}")
    names, links, loose = set(), [], 0
    with os.scandir(place) as entries:
        for entry in entries:
            if _hides(entry.name):
                continue
            if entry.is_dir():
                names.add(entry.name)
            elif entry.is_symlink() and not Path(entry.path).exists():
                links.append(entry.name)
            else:
                loose += is_image(entry.name)
    if links:
        link = min(links)
        raise LotteryError(
            f"datasets.{dataset.name}: {place / link}: a link to {(place / link).readlink()}, "
            "which is not there"
        )
    if not names:
        lie = f" ({loose:,} images lie in it)" if loose else ""
        raise LotteryError(f"datasets.{dataset.name}: no class folders in {place}{lie}: {layout}")
    for name in sorted(names):
        with os.scandir(place / name) as files:
            if not any(is_image(file.name) for file in files):
                raise LotteryError(
                    f"datasets.{dataset.name}: no images in {place / name}{_instead(place / name)}"
                )
    return names


def _instead(place: Path) -> str:
    """What a class folder holds instead of images, in words."""
    with os.scandir(place) as entries:
        inside = list(entries)
    deeper = _deeper(place, [entry.name for entry in inside if entry.is_dir()])
    if deeper:
        return (
            f"; there are some one folder deeper, in {deeper}: `python -m lottery arrange --help`"
        )
    kinds = Counter(_kind(entry.name) for entry in inside if not entry.is_dir())
    if not kinds:
        return ""
    return f" ({passed(kinds)}; images are {', '.join(sorted(SUFFIXES))})"


def passed(kinds: dict[str, int]) -> str:
    """Numbers of files or folders by kind, in words."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))


def _kind(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if _hides(name):
        return "hidden"
    return suffix or "without a suffix"


def _hides(name: str) -> bool:
    return name.startswith(".")


def _hidden(place: Path) -> str:
    """The hidden folders of a split, in words: readers may take them for classes."""
    with os.scandir(place) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and _hides(entry.name)]
    return f" (hidden, so no classes: {quoted(names)})" if names else ""


def _difference(dataset: Dataset, train: set[str], test: set[str]) -> str:
    """What only one split has, in words, and which of it may be one class in two spellings."""
    parts = [
        f"only in {split}: {quoted(names)}"
        for split, names in ((dataset.train, train - test), (dataset.test, test - train))
        if names
    ]
    spelt = {_spelling(name): name for name in sorted(train - test)}
    pairs = [
        f"{spelt[_spelling(name)]!a} and {name!a}"  # !a: an accent can be written in two ways
        for name in sorted(test - train)
        if _spelling(name) in spelt
    ]
    if pairs:
        parts.append(f"one class in two spellings? {some(pairs)}")
    return "; ".join(parts)


def _spelling(name: str) -> str:
    """What names have in common that differ only in case, outer blanks or Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
