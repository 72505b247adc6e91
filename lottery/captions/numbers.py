"""The rows of a table as text, and the accuracies of a figure, for readers."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from lottery.figure_specs import LIFELESS, ShownPanel

Row = Mapping[str, str]
"""A line of a CSV, by column."""


class Grid(NamedTuple):
    """A table to print: the words above its columns, and its lines."""

    title: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str]]


def rows(text: bytes) -> list[dict[str, str]]:
    """The lines of a CSV."""
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def rounded(value: str) -> str:
    """A number with four significant digits, so that a column can be read; other text as it is."""
    try:
        return value if value.lstrip("-").isdigit() else f"{float(value):.4g}"
    except ValueError:
        return value


def everything(found: Sequence[Row], most: int) -> Grid:
    """The first rows of a table; what is the same in all of them is said once, in its title."""
    values = {name: {row[name] for row in found} for name in (found[0] if found else ())}
    same = {name: next(iter(each)) for name, each in values.items() if len(each) == 1}
    if len(found) == 1:
        same = {}
    columns = [name for name in values if name not in same]
    lines = [[rounded(row[name]) for name in columns] for row in found[:most]]
    title = ", ".join(f"{name} {rounded(value) or 'none'}" for name, value in same.items())
    return Grid(title, columns, lines)


def accuracies(found: Sequence[Row], panel: ShownPanel) -> Grid:
    """Accuracy in percent, mean and standard error over seeds: a line for each round.

    These are of the networks that learned anything; beside them is how many did not, if any, and
    the mean of all. An imported ticket, which has no round, has a line for itself.
    """
    by_place: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    left: dict[str, list[float]] = defaultdict(list)
    for row in found:
        if row["panel"] == panel.panel:
            round = row["round"] or row["ticket"]
            seed = 100 * float(row["accuracy"]), lifeless(row)
            by_place[round, row["curve"]].append(seed)
            left[round].append(100 * float(row["density"]))
    lines = [
        [round, f"{fmean(left[round]):.3g} %"]
        + [_living(by_place[round, curve.curve]) for curve in panel.curves]
        for round in sorted(left, key=lambda round: -fmean(left[round]))
    ]
    return Grid(panel.title, ["round", "left", *(curve.label for curve in panel.curves)], lines)


def lifeless(row: Row) -> bool:
    """Whether a row is of a network that learned nothing; tables of earlier versions tell none."""
    return any(float(row.get(name) or 0) == 1 for name in LIFELESS)


def _living(seeds: Sequence[tuple[float, bool]]) -> str:
    """`86.6 ± 0.3 (2 of 6 lifeless, all: 61.2)`: the mean of those that learned anything."""
    said = estimate([value for value, lost in seeds if not lost])
    lost = sum(lost for _, lost in seeds)
    if not lost:
        return said
    every = f"({lost} of {len(seeds)} lifeless, all: {fmean(value for value, _ in seeds):.1f})"
    return f"{said} {every}".strip()


def estimate(values: Sequence[float]) -> str:
    """`86.6 ± 0.3`: mean and standard error; of one value, the value."""
    if not values:
        return ""
    mean = f"{fmean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ± {stdev(values) / len(values) ** 0.5:.1f}"


def listed(values: Sequence[int]) -> str:
    """`0`, `0 and 1`, `0, 1 and 2`; many in a row as `0 to 30`."""
    if len(values) > 3 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]}"
    *most, last = map(str, values)
    return f"{', '.join(most)} and {last}" if most else last
