"""Sorted magnitudes of the weights of dense trained networks: Figures 6 and 9."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lottery.figure_specs import PlotSpec
from lottery.figures import style


def draw(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """One panel per architecture, one curve per data set; the axis ends at the zero threshold."""
    figure, axes = style.panels(spec)
    for panel, axis in axes.items():
        _panel(axis, rows[rows["panel"] == panel])
    for axis in style.left(spec, axes):
        axis.set_ylabel("magnitude of the weight")
    style.note_if_partial(figure, spec, len(rows[["panel", "curve", "seed"]].drop_duplicates()),
                          "networks")  # fmt: skip
    return figure


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    for index, (label, curve) in enumerate(rows.groupby("curve", sort=False)):
        floor = float(curve["zero_threshold"].iloc[0])
        zeroed = curve.groupby("seed")["sparsity"].first().mean()
        points = curve.groupby("rank")["magnitude"].mean().clip(lower=floor)
        look = {**style.curve(str(label), index), "marker": ""}
        axis.plot(
            100 * points.index,
            points,
            linewidth=1.6,
            label=f"{label}: {zeroed:.1%} at most {floor:.0e}",
            **look,
        )
        axis.set_ylim(bottom=floor)
    axis.set_yscale("log")
    axis.set_xlim(0, 100)
    axis.set_xlabel("weights, by magnitude (%)")
    style.legend(axis, rows["seed"].nunique())
