"""Where the downloads of known data sets have the images of each class."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from lottery.data.arrange import lists
from lottery.data.class_folders import is_image, quoted
from lottery.errors import LotteryError

TINY_IMAGENET = "train/CLASS/images/*.JPEG, val/images/*.JPEG and val/val_annotations.txt"
IMAGENET = "train/CLASS/*.JPEG and val/*.JPEG"
KAGGLE = ("ILSVRC", "Data", "CLS-LOC")
"""Where Kaggle's ImageNet has train/ and val/; its list is at the top."""
IMAGENET_LISTS = (
    "LOC_val_solution.csv",
    "ILSVRC2012_validation_ground_truth.txt",
    "data/ILSVRC2012_validation_ground_truth.txt",
    "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt",
    "val.txt",
)
"""Names of those that `lists.imagenet` reads; of several that are there the first is taken."""
PLACES_FOLDERS = (
    ("data_256", "val_256"),
    ("data_256_standard", "val_256"),  # torchvision renames it
    ("data_large", "val_large"),
    ("data_large_standard", "val_large"),
)
SPLITS = ("train", "val")
PLACES_LISTS = "filelist_places365-standard"
"""The folder that the archive of lists makes where it is unpacked with one."""


class Members(NamedTuple):
    """The images of a class: files of one folder, or all of its files if it is `whole`."""

    folder: Path
    names: list[str]
    whole: bool


class Plan(NamedTuple):
    """How to arrange a download: the same classes in both splits, and the list that was used."""

    train: dict[str, Members]
    val: dict[str, Members]
    listed: Path


def tiny_imagenet(source: Path, listed: Path | None) -> Plan:
    """Tiny-ImageNet's tiny-imagenet-200.zip.

    Raises: LotteryError if it differs from that, or as `lists.by_class` does.
    """
    train = {
        name: _whole(_folder(folder / "images", TINY_IMAGENET))
        for name, folder in _class_folders(source / "train", TINY_IMAGENET).items()
    }
    path = listed or _file(source / "val" / "val_annotations.txt")
    val = _whole(_folder(source / "val" / "images", TINY_IMAGENET))
    return _plan(train, val, path, lists.tabbed(path))


def imagenet(source: Path, listed: Path | None) -> Plan:
    """ImageNet's ILSVRC 2012, from its own archives or from Kaggle (there `source` may be the top).

    Raises: LotteryError if it differs from that, or as `lists.imagenet` and `by_class` do.
    """
    root = source.joinpath(*KAGGLE)
    root = root if root.is_dir() else source
    classes = _class_folders(root / "train", IMAGENET)
    train = {name: _whole(folder) for name, folder in classes.items()}
    folder = _folder(root / "val", IMAGENET)
    if not _images(folder) and any((folder / name).is_dir() for name in train):
        raise _arranged_already(root)
    val = _whole(folder)
    whole = root.resolve()
    top = [whole.parents[2]] if whole.parts[-3:] == KAGGLE else []
    path = listed or _search([source, root, folder, whole.parent, *top], IMAGENET_LISTS)
    return _plan(train, val, path, lists.imagenet(path, val.names))


def places365(source: Path, listed: Path | None) -> Plan:
    """Places365 with the folders a/airfield, of small or of large images; small ones come first.

    Its other download, places365standard_easyformat.tar, has class folders already.

    Raises: LotteryError if it differs from that, or as `lists.categories` and `by_class` do.
    """
    pairs = [(source / train, source / val) for train, val in PLACES_FOLDERS]
    data, val = next((pair for pair in pairs if all(map(Path.is_dir, pair))), (None, None))
    if data is None or val is None:
        if all((source / split).is_dir() and _subfolders(source / split) for split in SPLITS):
            raise _arranged_already(source)
        words = " or ".join(f"{train} and {val}" for train, val in PLACES_FOLDERS)
        raise LotteryError(f"{source}: no images, expected the folders {words}")
    above = source.resolve().parent
    places = [source, source / PLACES_LISTS, above, above / PLACES_LISTS]
    path = listed or _search(places, ["places365_val.txt"])
    names = _search([path.parent, *places], ["categories_places365.txt"], option=False)
    categories = lists.categories(names)
    train = _category_folders(data, names, categories)
    return _plan(train, _whole(val), path, _numbered_rows(path, names, categories))


LAYOUTS: dict[str, Callable[[Path, Path | None], Plan]] = {
    "tiny-imagenet": tiny_imagenet,
    "imagenet": imagenet,
    "places365": places365,
}
"""By name: from the download's folder, and a list in place of the usual one, to a plan."""


def _plan(train: dict[str, Members], val: Members, path: Path, rows: list[lists.Row]) -> Plan:
    """With the validation images of one folder sorted by the rows of the list at `path`."""
    classes = lists.by_class(path, rows, val.folder, val.names, train)
    return Plan(
        train, {name: Members(val.folder, files, False) for name, files in classes.items()}, path
    )


def _category_folders(
    data: Path, path: Path, categories: list[lists.Category]
) -> dict[str, Members]:
    """The folder of each category; it may contain others, as church/indoor and church/outdoor."""
    found = {}
    for category in categories:
        folder = data / category.folder
        names = _images(folder) if folder.is_dir() else []
        if not names:
            raise lists.mistake(path, category.line, f"no images in {folder}", "some of each class")
        found[category.name] = Members(folder, names, True)
    listed = {category.folder for category in categories}
    others = [name for name in _below(data, depth=3) if name not in listed and _images(data / name)]
    if others:
        raise LotteryError(f"{data}: images in folders that {path} lacks: {quoted(others)}")
    return found


def _numbered_rows(path: Path, names: Path, categories: list[lists.Category]) -> list[lists.Row]:
    """The rows of a list that has numbers for classes."""
    by_number = {str(category.number): category.name for category in categories}
    rows = lists.spaced(path)
    for row in rows:
        if row.label not in by_number:
            found = f"class {row.label!r}"
            raise lists.mistake(path, row.line, found, f"a number that {names} has")
    return [row._replace(label=by_number[row.label]) for row in rows]


def _below(place: Path, depth: int, prefix: str = "") -> list[str]:
    """All folders in a folder, and in these; as `a`, `a/church`, `a/church/indoor`."""
    found = []
    for name in _subfolders(place) if depth else []:
        found += [prefix + name, *_below(place / name, depth - 1, f"{prefix}{name}/")]
    return found


def _subfolders(place: Path) -> list[str]:
    with os.scandir(place) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def _class_folders(place: Path, layout: str) -> dict[str, Path]:
    found = {name: place / name for name in _subfolders(_folder(place, layout))}
    if not found:
        raise LotteryError(f"{place}: no class folders, expected {layout}")
    return found


def _whole(folder: Path) -> Members:
    names = _images(folder)
    if not names:
        raise LotteryError(f"{folder}: no images")
    return Members(folder, names, True)


def _images(folder: Path) -> list[str]:
    """Their names; a broken link, or a folder, is an error and not skipped."""
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_image(entry.name):
                if not entry.is_file():
                    raise LotteryError(f"{folder / entry.name}: not a file, expected an image")
                names.append(entry.name)
    return names


def _folder(place: Path, layout: str) -> Path:
    if not place.is_dir():
        raise LotteryError(f"{place}: no such folder, expected {layout}")
    return place


def _file(path: Path) -> Path:
    if not path.is_file():
        raise LotteryError(f"{path}: no such file; another list is named by --list")
    return path


def _search(places: Iterable[Path], names: Iterable[str], option: bool = True) -> Path:
    """The first of these files; `option` is whether the command line can name another."""
    tried = list(dict.fromkeys(places))
    for name in names:
        for place in tried:
            if (place / name).is_file():
                return place / name
    raise LotteryError(
        f"no list {' or '.join(names)} in {', '.join(map(str, tried))}"
        + ("; name yours by --list" if option else "")
    )


def _arranged_already(root: Path) -> LotteryError:
    return LotteryError(
        f"{root}: nothing to arrange, its images are in class folders already: set it as `root`"
    )
