"""Sorted magnitudes of the weights of dense trained networks: Figures 6 and 9."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lottery.figure_specs import PlotSpec, ShownPanel
from lottery.figures import style

LEVELS = 400
"""Number of magnitudes at which the curves of several seeds are aggregated."""
PADDED = "dotted: weights that only ever meet zero padding and get no gradient"
BELOW = 3.0
"""Fraction of the zero threshold down to which the axis extends, to show what lies at it."""


def draw(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """One panel per architecture, one curve per data set.

    Each lies at the zero threshold for as long as weights are at most that, exact zeros too.
    """
    figure, axes = style.panels(spec)
    legends = {
        panel.panel: _panel(axes[panel.panel], panel, rows[rows["panel"] == panel.panel])
        for panel in spec.panels
    }
    for panel in spec.panels[:: spec.columns]:
        axes[panel.panel].set_ylabel("magnitude of the weight")
    found = len(rows[["panel", "curve", "seed"]].drop_duplicates())
    padded = not rows.empty and rows["dead_taps"].max() > 0
    foot = [(PADDED, style.GREY)] if padded else []
    foot += style.caution(spec, rows, found, "networks")
    style.finish(figure, spec, axes, legends, foot)
    return figure


def spread(curve: pd.DataFrame) -> pd.DataFrame:
    """The fraction (0..1) of weights up to each magnitude, from the zero threshold on.

    Over the seeds: `median`, `least` and `most`. Fractions are aggregated rather than magnitudes,
    whose mean at a rank would be dominated by the least sparse seed; so the median begins at the
    median of the sparsities.
    """
    floor = float(curve["zero_threshold"].iloc[0])
    highest = max(float(curve["magnitude"].max()), 2 * floor)
    levels = np.geomspace(floor, highest, LEVELS)
    shares = []
    for _, seed in curve.sort_values("rank").groupby("seed"):
        above = seed[seed["magnitude"] > floor]
        magnitudes = np.log([floor, *above["magnitude"]])
        ranks = [float(seed["sparsity"].iloc[0]), *above["rank"]]
        shares.append(np.interp(np.log(levels), magnitudes, ranks, right=1.0))
    return pd.DataFrame(
        {
            "median": np.median(shares, axis=0),
            "least": np.min(shares, axis=0),
            "most": np.max(shares, axis=0),
        },
        index=pd.Index(levels, name="magnitude"),
    )


def _panel(axis: Axes, panel: ShownPanel, rows: pd.DataFrame) -> style.Legend:
    looks = style.looks([curve.curve for curve in panel.curves])
    entries: list[tuple[str, style.Look, Any]] = []
    floors: set[float] = set()
    for curve in panel.curves:
        found = rows[rows["curve"] == curve.curve]
        if found.empty:
            continue
        shares = 100 * spread(found)
        look = looks[curve.curve]
        colour = look["color"]
        floor = shares.index[0]
        floors.add(floor)
        dead = 100 * float(found["dead_taps"].iloc[0])
        label = _legend(curve.label, 100 * found.groupby("seed")["sparsity"].first(), dead)
        # What is at most the threshold is drawn at it.
        (drawn,) = axis.plot(
            [0, *shares["median"]], [floor, *shares.index], color=colour, linewidth=1.6
        )
        entries.append((label, look, drawn))
        if found["seed"].nunique() > 1:
            axis.fill_betweenx(
                shares.index, shares["least"], shares["most"], color=colour, alpha=0.2, linewidth=0
            )
        if dead:
            axis.axvline(dead, color=colour, linewidth=1.2, linestyle=":")
    axis.set_yscale("log")
    for floor in floors:
        axis.set_ylim(bottom=floor / BELOW)
        axis.axhspan(floor / BELOW, floor, color="#999999", alpha=0.2, linewidth=0)
    axis.set_xlim(0, 100)
    axis.set_xlabel("weights, by magnitude (%)")
    return style.Legend(_seeds(rows), entries)


def _legend(label: str, sparsity: pd.Series, dead: float) -> str:
    """The sparsity, its range over seeds, and the part that padding explains; percent."""
    least, most = f"{sparsity.min():.1f}", f"{sparsity.max():.1f}"
    said = f"{label}: {sparsity.median():.1f} % zeroed"
    if least != most:
        said += f" ({least} to {most})"
    return said + (f"\n{dead:.1f} % see only padding" if dead else "")


def _seeds(rows: pd.DataFrame) -> str:
    counts = set(rows.groupby("curve")["seed"].nunique())
    said = "1 seed" if counts <= {1} else f"median and range of {style.span(counts)} seeds"
    floors = rows["zero_threshold"].unique()
    return said + "".join(f"; zeroed: at most {floor:.3g}" for floor in floors)
