"""Accuracy of tickets against the share of weights that remain: Figures 1-5, 7 and 8."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lottery.figures import style
from lottery.specs import PlotSpec


def draw(spec: PlotSpec, rows: pd.DataFrame, outs: list[str]) -> None:
    """One panel per architecture or setting, one curve per ticket."""
    figure, axes = plt.subplots(
        1, len(spec.panels), figsize=(4.2 * len(spec.panels) + 0.4, 3.4), squeeze=False
    )
    for axis, panel in zip(axes[0], spec.panels, strict=True):
        _panel(axis, rows[rows["panel"] == panel], panel)
    axes[0][0].set_ylabel(spec.ylabel)
    figure.suptitle(spec.title)
    for out in outs:
        style.save(figure, out)
    plt.close(figure)


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


def _panel(axis: Axes, rows: pd.DataFrame, title: str) -> None:
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
    seeds = rows["seed"].nunique()
    axis.set_xscale("log")
    axis.invert_xaxis()
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("weights remaining (%)")
    axis.set_title(title)
    axis.legend(title=f"mean ± s.e., {seeds} seeds" if seeds > 1 else "1 seed")
