"""Accuracy of tickets against the fraction of weights that remain: Figures 1-5, 7 and 8."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from lottery.figure_specs import PlotSpec, ShownPanel
from lottery.figures import notes, style

FEW, ALL = (1.0, 2.0, 5.0), tuple(map(float, range(1, 10)))
"""The labelled ticks in each decade of the density axis."""
SEEDS, LIFELESS = "_seeds", "_lifeless"
"""Labels of the marks of single networks, which no legend shows."""
ASIDE = 2.5
"""Points between such marks of two curves."""


def draw(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """One panel per architecture or setting, one curve per ticket."""
    figure, axes = style.panels(spec)
    legends = {
        panel.panel: _panel(axes[panel.panel], panel, rows[rows["panel"] == panel.panel])
        for panel in spec.panels
    }
    for place, panel in enumerate(spec.panels):
        _chance(axes[panel.panel], rows[rows["panel"] == panel.panel])
        left = spec.panels[place - place % spec.columns]
        if panel is left or panel.split != left.split:
            axes[panel.panel].set_ylabel(f"top-1 {panel.split} accuracy (%)")
    foot = [(line, style.GREY) for line in notes.notes(spec, rows)]
    foot += style.caution(spec, rows, len(rows), "tickets")
    style.finish(figure, spec, axes, legends, foot)
    return figure


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard error of the accuracy over the seeds that learned anything, per round.

    `seeds` is the number of all, `living` that of those. Of one there is no standard error, of none
    no mean: they are NaN, and not drawn.
    """
    living = rows["accuracy"].mask(notes.lifeless(rows))
    return (
        rows.assign(living=living)
        .groupby("round", dropna=False)  # that of an imported ticket is empty
        .agg(
            density=("density", "mean"),
            mean=("living", "mean"),
            error=("living", "sem"),
            seeds=("accuracy", "count"),
            living=("living", "count"),
        )
        .sort_values("density", ascending=False)
    )


def _panel(axis: Axes, panel: ShownPanel, rows: pd.DataFrame) -> style.Legend:
    looks = style.looks([curve.curve for curve in panel.curves])
    entries: list[tuple[str, style.Look, Any]] = []
    counts: set[int] = set()
    for place, curve in enumerate(panel.curves):
        found = rows[rows["curve"] == curve.curve]
        if found.empty:
            continue
        points = summary(found)
        counts |= set(points["seeds"])
        look = looks[curve.curve]
        hollow = curve.early & (points.index == 0)
        how = {"markersize": 4, "linewidth": 1.3, "zorder": 3, **look}
        entries.append((curve.label, look, _means(axis, points[~hollow], **how)))
        if hollow.any():
            how |= {"markerfacecolor": "white", "linestyle": "", "zorder": 4}
            _means(axis, points[hollow], **how)
        _seeds(axis, found, look["color"], ASIDE * (place - (len(panel.curves) - 1) / 2))
    axis.set_xscale("log")
    axis.invert_xaxis()
    # With few rounds the axis needs more labels.
    marked = FEW if rows.empty or rows["density"].min() < 0.5 else ALL
    axis.xaxis.set_major_locator(LogLocator(subs=marked, numticks=9))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(" ".join(filter(None, ["weights remaining", panel.scope, "(%)"])))
    return style.Legend(_told(counts), entries)


def _means(axis: Axes, points: pd.DataFrame, **how: Any) -> Any:
    """Draw means, joined by a line, with their errors if there are any."""
    x, y = 100 * points["density"], 100 * points["mean"]
    if points["living"].max() > 1:
        return axis.errorbar(x, y, yerr=100 * points["error"], capsize=2, **how)
    (line,) = axis.plot(x, y, **how)
    return line


def _seeds(axis: Axes, rows: pd.DataFrame, colour: str, aside: float) -> None:
    """A faint dot for each of several seeds, and a mark for each network that learned nothing.

    These stand `aside` (points) of their density: those of several curves are all at chance.
    """
    lost = notes.lifeless(rows)
    living = rows[~lost]
    several = living[living.groupby("round", dropna=False)["seed"].transform("size") > 1]
    moved = axis.transData + ScaledTranslation(aside / 72, 0, axis.figure.dpi_scale_trans)
    marks: tuple[tuple[pd.DataFrame, dict[str, Any]], ...] = (
        (several, {"marker": "o", "markersize": 3.5, "markeredgewidth": 0, "alpha": 0.35}),
        (rows[lost], {"marker": "x", "markersize": 4, "transform": moved}),
    )
    for label, (shown, how) in zip((SEEDS, LIFELESS), marks, strict=True):
        if len(shown):
            x, y = 100 * shown["density"], 100 * shown["accuracy"]
            axis.plot(x, y, label=label, linestyle="", color=colour, zorder=2, **how)
            axis.update_datalim(np.column_stack([x, y]))  # which marks that are moved do not
    axis.autoscale_view()


def _told(counts: set[int]) -> str:
    """How many seeds there are at each point, and what is drawn of several."""
    return "1 seed" if counts <= {1} else f"mean ± s.e. of {style.span(counts)} seeds (dots)"


def _chance(axis: Axes, rows: pd.DataFrame) -> None:
    """A line at the accuracy of guessing, if the axis reaches down to it."""
    low, high = axis.get_ylim()
    for chance in 100 * rows["chance"].drop_duplicates():
        if low < chance < high:
            axis.axhline(chance, color="#999999", linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            axis.annotate(
                "chance", (0, chance), (2, 1), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="bottom", fontsize=6, color="#777777",
            )  # fmt: skip
    axis.set_ylim(low, high)
