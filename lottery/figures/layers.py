"""Density of each layer: how tickets divide what remains among the layers of a network."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lottery.figure_specs import PlotSpec, ShownPanel
from lottery.figures import style
from lottery.figures.notes import percent

MOST = 3
"""Rounds of pruning that stand side by side; of more, as many from the first to the last."""
NAMES = 28
"""Layers of a panel that are named; of a deeper network every second one is, or fewer."""
LETTERS = 24
"""Letters of a name; the middle of a longer one is left out."""
LETTER = 0.04
"""Inches of such a letter."""
GAP = 2.0
"""The factor by which zero is drawn below the least density above it."""


def draw(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """A row of axes for each panel, a column for each round."""
    columns = shown(rows)
    cells = {
        (panel.panel, place): panel.model_copy(
            update={"panel": f"{panel.panel} {place}", "title": _title(panel, rows, round)}
        )
        for panel in spec.panels
        for place, round in enumerate(columns)
    }
    update = {"panels": tuple(cells.values()), "columns": len(columns)}
    grid = spec.model_copy(update=update)
    figure, named = style.panels(grid)
    legends, ticks = {}, {}
    for panel in spec.panels:
        own = rows[rows["panel"] == panel.panel]
        own = pd.concat([_of(own, round) for round in columns])
        axes = [named[cells[panel.panel, place].panel] for place in range(len(columns))]
        axes[0].set_ylabel("remaining in each layer (%)")
        middle = cells[panel.panel, len(columns) // 2].panel
        letters = max(map(len, map(_short, own["layer"].unique())), default=0)
        ticks[middle] = LETTER * letters
        legends[middle] = _panel(dict(zip(columns, axes, strict=True)), panel, own)
    others = len(set(rows["round"].dropna()) - {0, *columns})
    more = f"{others} further round{'s' * (others != 1)} in the table"
    foot = [(more, style.GREY)] if others else []
    tickets = rows[["panel", "curve", "seed", "round"]].drop_duplicates()
    foot += style.caution(spec, rows, len(tickets), "tickets")
    style.finish(figure, grid, named, legends, foot, ticks)
    return figure


def shown(rows: pd.DataFrame) -> list[float]:
    """The rounds that have a column: round 0 only if there is no other, at most `MOST`.

    Imported tickets, which have no round, have another one, NaN.
    """
    found = sorted(map(float, rows["round"].dropna().unique()))
    pruned = [round for round in found if round] or found
    count, last = min(MOST, len(pruned)), len(pruned) - 1
    chosen = [pruned[place * last // max(1, count - 1)] for place in range(count)]
    imported = [math.nan] if rows["round"].isna().any() or not found else []
    return [*chosen, *imported]


def _of(rows: pd.DataFrame, round: float) -> pd.DataFrame:
    return rows[rows["round"].isna() if math.isnan(round) else rows["round"] == round]


def _title(panel: ShownPanel, rows: pd.DataFrame, round: float) -> str:
    """`ResNet-18, round 3: 1.1 % left`."""
    found = _of(rows[rows["panel"] == panel.panel], round)["density"]
    if found.empty:
        return panel.title
    ends = list(dict.fromkeys(percent(share) for share in (found.min(), found.max())))
    which = "imported" if math.isnan(round) else f"round {round:g}"
    return f"{panel.title.rstrip(':')}, {which}: {' to '.join(ends)} left"


def _panel(axes: Mapping[float, Axes], panel: ShownPanel, rows: pd.DataFrame) -> style.Legend:
    """Draw a row of axes, by round."""
    looks = style.looks([curve.curve for curve in panel.curves])
    drawn: dict[str, Any] = {}
    same = _same(panel, rows)
    zero = 100 * rows.loc[rows["layer_density"] > 0, "layer_density"].min() / GAP
    for round, axis in axes.items():
        for place, curve in enumerate(panel.curves):
            found = _of(rows[rows["curve"] == curve.curve], round)
            if found.empty:
                continue
            look = looks[curve.curve]
            layers = 100 * found.groupby("place")["layer_density"].agg(["mean", "min", "max"])
            layers = layers.mask(layers == 0, zero)
            how = {"markersize": 3.5, "linewidth": 1.1, "zorder": 3 - place / 100, **look}
            if curve.curve in same:
                how |= {"linewidth": 4, "alpha": 0.4, "marker": ""}
            (line,) = axis.plot(layers.index, layers["mean"], **how)
            drawn.setdefault(curve.curve, line)
            if found["seed"].nunique() > 1:
                band: dict[str, Any] = {"color": look["color"], "alpha": 0.18, "linewidth": 0}
                axis.fill_between(layers.index, layers["min"], layers["max"], **band)
        _names(axis, rows)
    _scale(list(axes.values()), rows, zero)
    counts = set(rows.groupby(["curve", "round"], dropna=False)["seed"].nunique())
    title = "1 seed" if counts <= {1} else f"mean and range of {style.span(counts)} seeds"
    entries = [
        (f"{curve.label}{same.get(curve.curve, '')}", looks[curve.curve], drawn[curve.curve])
        for curve in panel.curves
        if curve.curve in drawn
    ]
    return style.Legend(title, entries)


def _same(panel: ShownPanel, rows: pd.DataFrame) -> dict[str, str]:
    """What to say of curves that lie on an earlier one: shuffled masks keep what layers have."""
    said: dict[str, str] = {}
    by = {
        curve: found.set_index(["round", "seed", "place"])["layer_density"].sort_index()
        for curve, found in rows.groupby("curve")
    }
    there = [curve for curve in panel.curves if curve.curve in by]
    for one, other in itertools.combinations(there, 2):
        if by[one.curve].equals(by[other.curve]):
            said.setdefault(other.curve, f" (as {one.label})")
    return said


def _names(axis: Axes, rows: pd.DataFrame) -> None:
    """Name the layers; of networks that differ in them, say only which layer it is."""
    names = rows.groupby("place")["layer"].unique()
    every = names[:: max(1, -(-len(names) // NAMES))]
    said = [_short(each[0]) if len(each) == 1 else str(place + 1) for place, each in every.items()]
    axis.set_xticks(list(every.index), said, rotation=90, fontsize=6)
    axis.tick_params(axis="x", length=2, pad=2)


def _short(name: str) -> str:
    """A parameter's layer, of limited length."""
    name = name.removesuffix(".weight")
    half = (LETTERS - 1) // 2
    return name if len(name) <= LETTERS else f"{name[:half]}…{name[-half:]}"


def _scale(axes: Sequence[Axes], rows: pd.DataFrame, zero: float) -> None:
    """A log axis with a place for layers of which nothing remains, if there are any."""
    if rows.empty:
        return
    least = GAP * zero
    marks = [
        mark
        for power in range(math.floor(math.log10(least)), 3)
        for mark in (10.0**power, *([2 * 10.0**power, 5 * 10.0**power] if least > 1 else []))
        if least / 1.3 <= mark <= 100
    ]
    empty = bool((rows["layer_density"] == 0).any())
    for axis in axes:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(FixedLocator([*([zero] if empty else []), *marks]))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: "0" if empty and value <= zero else f"{value:g}")
        )
        axis.set_ylim(zero / 1.4 if empty else least / 1.3, 130)
        if empty:
            axis.axhspan(zero / 1.4, zero * 1.4, color="#999999", alpha=0.2, linewidth=0)
