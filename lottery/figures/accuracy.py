"""Accuracy of tickets against the share of weights that remain: Figures 1-5, 7 and 8."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lottery.figure_specs import PlotSpec
from lottery.figures import style

FEW, ALL = (1.0, 2.0, 5.0), tuple(map(float, range(1, 10)))
"""Which of a decade's numbers are written at the axis of densities."""


def draw(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """One panel per architecture or setting, one curve per ticket."""
    figure, axes = style.panels(spec)
    for panel, axis in axes.items():
        _panel(axis, rows[rows["panel"] == panel])
    for axis in style.left(spec, axes):
        axis.set_ylabel("top-1 test accuracy (%)")
    style.note_if_partial(figure, spec, len(rows), "tickets")
    return figure


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard error of the accuracy over seeds, per round; n is the number of seeds.

    With one seed there is no standard error: it is NaN and no error bar is drawn.
    """
    return (
        rows.groupby("round")
        .agg(
            density=("density", "mean"),
            mean=("accuracy", "mean"),
            error=("accuracy", "sem"),
            seeds=("accuracy", "count"),
        )
        .sort_values("density", ascending=False)
    )


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    for index, (label, curve) in enumerate(rows.groupby("curve", sort=False)):
        points = summary(curve)
        axis.errorbar(
            100 * points["density"],
            100 * points["mean"],
            yerr=100 * points["error"],
            label=str(label),
            capsize=2,
            markersize=4,
            linewidth=1.3,
            **style.curve(str(label), index),
        )
    axis.set_xscale("log")
    axis.invert_xaxis()
    # Of a few rounds more is to be read off the axis.
    marked = FEW if rows.empty or rows["density"].min() < 0.5 else ALL
    axis.xaxis.set_major_locator(LogLocator(subs=marked, numticks=9))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("weights remaining (%)")
    style.legend(axis, rows["seed"].nunique())
