"""Lists of validation images and their classes: an error names the line of a bad row.

Files are decoded as file names are, so that names which are not UTF-8 match.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from lottery.data.class_folders import quoted
from lottery.errors import LotteryError

LONGEST = 80
"""Most characters that a message shows of a line, as the file may not be a list at all."""
KAGGLE_HEADER = "ImageId,PredictionString"
META = "meta.mat"

_TABBED = re.compile(r"([^\t]+)\t([^\t]+)(?:\t.*)?")
_SPACED = re.compile(r"([^ \t]+)[ \t]+([^ \t]+)[ \t]*")
_KAGGLE = re.compile(r"([^,]+),([^ ]+)(?: -?[0-9]+){4}(?: \2(?: -?[0-9]+){4})* *")
_NUMBER = re.compile(r"[0-9]{1,9} *")
_CATEGORY = re.compile(r"(/[^/ .](?:/(?!\.)[^/ ]+){1,2}) ([0-9]{1,9}) *")


class Row(NamedTuple):
    """A line, counted from 1: an image file and its class."""

    line: int
    file: str
    label: str


def mistake(path: Path, line: int, found: str, expected: str) -> LotteryError:
    """The error for an unusable line of a list."""
    return LotteryError(f"{path}, line {line}: {found}, expected {expected}")


def tabbed(path: Path) -> list[Row]:
    """Tiny-ImageNet's val_annotations.txt: file, class and a box, with tabs between them.

    Raises: LotteryError if it cannot be read, is empty, or a row is none of these.
    """
    return _rows(path, _lines(path), _TABBED, "FILE and CLASS, a tab between them")


def spaced(path: Path) -> list[Row]:
    """`FILE CLASS`, as places365_val.txt has it.

    Raises: LotteryError if it cannot be read, is empty, or a row is none of these.
    """
    return _rows(path, _lines(path), _SPACED, "FILE CLASS")


def imagenet(path: Path, images: Collection[str]) -> list[Row]:
    """One of the lists of ImageNet's validation images in use; its first line shows which.

    - Kaggle's LOC_val_solution.csv: a header, then `IMAGE,CLASS x y x y` with one or more boxes;
      a class is followed by its box, and all of a row are of one class.
    - The development kit's ILSVRC2012_validation_ground_truth.txt: a class's number on each line,
      in the order of the images' names. The meta.mat beside it says which class that is.
    - `FILE CLASS`.

    Raises: LotteryError if it cannot be read, is none of these, or empty, or the numbers are more
        or fewer than the images, or not in meta.mat.
    """
    lines = _lines(path)
    if lines[0].strip() == KAGGLE_HEADER:
        return _rows(path, lines, _KAGGLE, "IMAGE,CLASS x y x y", header=1)
    if _NUMBER.fullmatch(lines[0]):
        return _numbered(path, lines, sorted(images))
    if not _SPACED.fullmatch(lines[0]):
        expected = f"FILE CLASS, the header {KAGGLE_HEADER} or the number of a class"
        raise mistake(path, 1, _shown(lines[0]), expected)
    return _rows(path, lines, _SPACED, "FILE CLASS")


def _lines(path: Path) -> list[str]:
    try:
        text = os.fsdecode(path.read_bytes()).rstrip("\r\n")
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror}") from None
    if not text.strip():
        raise LotteryError(f"{path}: an empty list")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _shown(line: str) -> str:
    return repr(line if len(line) <= LONGEST else line[:LONGEST] + "...")


def _rows(
    path: Path, lines: list[str], form: re.Pattern[str], expected: str, header: int = 0
) -> list[Row]:
    rows = []
    for number, line in enumerate(lines[header:], header + 1):
        match = form.fullmatch(line)
        if match is None:
            raise mistake(path, number, _shown(line), expected)
        rows.append(Row(number, match[1], match[2]))
    return rows


def _numbered(path: Path, lines: list[str], images: list[str]) -> list[Row]:
    names = _numbers_to_classes(path.with_name(META))
    labels = []
    for number, line in enumerate(lines, 1):
        known = names.get(int(line)) if _NUMBER.fullmatch(line) else None
        if known is None:
            expected = f"the number of one of the {len(names)} classes in {path.with_name(META)}"
            raise mistake(path, number, _shown(line), expected)
        labels.append(known)
    if len(labels) != len(images):
        raise LotteryError(
            f"{path}: {len(labels)} lines for {len(images)} images, expected one line for each"
        )
    pairs = zip(images, labels, strict=True)
    return [Row(number, file, label) for number, (file, label) in enumerate(pairs, 1)]


def _numbers_to_classes(path: Path) -> dict[int, str]:
    """The development kit's `synsets`, of which only those without children are classes."""
    if not path.is_file():
        raise LotteryError(f"{path}: not there, expected that of the development kit")
    from scipy.io import loadmat  # takes longer to import than all the rest

    try:
        synsets = loadmat(path, squeeze_me=True)["synsets"]
        return {
            int(synset["ILSVRC2012_ID"]): str(synset["WNID"])
            for synset in synsets
            if synset["num_children"] == 0
        }
    except Exception as error:  # whatever a damaged file leads to
        raise LotteryError(f"{path}: not that of the development kit: {error!r}") from None


class Category(NamedTuple):
    """A class of Places365: its number, its folder as `a/airfield`, and the line that says so."""

    line: int
    number: int
    folder: str

    @property
    def name(self) -> str:
        """Its class folder in the standard download: `apartment_building-outdoor`."""
        return self.folder.split("/", 1)[1].replace("/", "-")


def categories(path: Path) -> list[Category]:
    """Those of categories_places365.txt: `/a/apartment_building/outdoor 8`.

    Raises: LotteryError if it cannot be read, is empty, a row has another form, or two are of one
        number or name.
    """
    found: list[Category] = []
    before: dict[int | str, int] = {}
    for row in _rows(path, _lines(path), _CATEGORY, "/LETTER/NAME NUMBER"):
        category = Category(row.line, int(row.label), row.file[1:])
        for key in (category.number, category.name):
            if key in before:
                raise mistake(
                    path, row.line, f"{key!r} as in line {before[key]}", "each number and name once"
                )
            before[key] = row.line
        found.append(category)
    return found


def by_class(
    path: Path, rows: list[Row], folder: Path, images: Collection[str], classes: Collection[str]
) -> dict[str, list[str]]:
    """The images of `folder`, sorted into `classes` by the rows of the list at `path`.

    A row may name an image without its suffix, as Kaggle's do.

    Raises: LotteryError if a row names no image, or one that had a row before, or no class; if an
        image has no row, or a class no image.
    """
    known = {Path(name).stem: name for name in images} | {name: name for name in images}
    before: dict[str, int] = {}
    found: dict[str, list[str]] = {name: [] for name in classes}
    for row in rows:
        name = known.get(row.file)
        if name is None:
            raise mistake(path, row.line, repr(row.file), f"the name of an image in {folder}")
        if name in before:
            twice = f"{row.file!r} as in line {before[name]}"
            raise mistake(path, row.line, twice, "each image once")
        if row.label not in found:
            expected = f"one of the {len(found)} classes that have training images"
            raise mistake(path, row.line, f"class {row.label!r}", expected)
        before[name] = row.line
        found[row.label].append(name)
    if len(before) < len(images):
        left = [name for name in images if name not in before]
        raise LotteryError(f"{folder}: images that {path} does not list: {quoted(left)}")
    empty = [name for name, members in found.items() if not members]
    if empty:
        raise LotteryError(f"{path}: no image of classes that are trained on: {quoted(empty)}")
    return found
