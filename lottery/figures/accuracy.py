"""Accuracy of tickets against the fraction of weights that remain: Figures 1-5, 7 and 8."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lottery.figure_specs import PlotSpec, ShownPanel
from lottery.figures import style

FEW, ALL = (1.0, 2.0, 5.0), tuple(map(float, range(1, 10)))
"""The labelled ticks in each decade of the density axis."""
EARLY = (
    "at 100 %, hollow: trained on from $W_k$ of its own task; all others: from an initialisation"
)
"""What round 0 is, which differs between tickets of other tasks and those from labels."""


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
    early = any(curve.early for panel in spec.panels for curve in panel.curves)
    foot = [(EARLY, style.GREY)] if early and (rows["round"] == 0).any() else []
    foot += style.caution(spec, rows, len(rows), "tickets")
    style.finish(figure, spec, axes, legends, foot)
    return figure


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard error of the accuracy over seeds, per round; n is the number of seeds.

    With one seed there is no standard error: it is NaN and no error bar is drawn.
    """
    return (
        rows.groupby("round", dropna=False)  # that of an imported ticket is empty
        .agg(
            density=("density", "mean"),
            mean=("accuracy", "mean"),
            error=("accuracy", "sem"),
            seeds=("accuracy", "count"),
        )
        .sort_values("density", ascending=False)
    )


def _panel(axis: Axes, panel: ShownPanel, rows: pd.DataFrame) -> style.Legend:
    looks = style.looks([curve.curve for curve in panel.curves])
    entries: list[tuple[str, style.Look, Any]] = []
    counts: set[int] = set()
    for curve in panel.curves:
        points = summary(rows[rows["curve"] == curve.curve])
        if points.empty:
            continue
        counts |= set(points["seeds"])
        x, y = 100 * points["density"], 100 * points["mean"]
        how = {"markersize": 4, "linewidth": 1.3, **looks[curve.curve]}
        if points["seeds"].max() > 1:
            drawn: Any = axis.errorbar(x, y, yerr=100 * points["error"], capsize=2, **how)
        else:
            (drawn,) = axis.plot(x, y, **how)
        entries.append((curve.label, looks[curve.curve], drawn))
        if curve.early and 0 in points.index:
            how |= {"markerfacecolor": "white", "linestyle": "", "zorder": 3}
            axis.plot(x.loc[[0]], y.loc[[0]], **how)
    axis.set_xscale("log")
    axis.invert_xaxis()
    # With few rounds the axis needs more labels.
    marked = FEW if rows.empty or rows["density"].min() < 0.5 else ALL
    axis.xaxis.set_major_locator(LogLocator(subs=marked, numticks=9))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(" ".join(filter(None, ["weights remaining", panel.scope, "(%)"])))
    return style.Legend(_means(counts), entries)


def _means(counts: set[int]) -> str:
    """How many seeds each point averages, and whether any has a standard error."""
    return "1 seed" if counts <= {1} else f"mean ± s.e., {style.span(counts)} seeds"


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
