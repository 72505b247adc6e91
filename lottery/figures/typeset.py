"""Tables typeset as figures: Table 1, and what tickets cost."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lottery.figure_specs import PlotSpec
from lottery.figures import style

Cells = tuple[list[str], list[list[str]]]
"""Column titles, and rows."""


def rewind(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """Table 1, to the paper's number of digits, and the update of this pipeline's own W_k.

    Tables of earlier versions do not know that update.
    """
    names = _names(spec)
    cells = [
        [
            names[row.panel, row.curve],
            f"{row.epochs:.3g}",
            f"{row.samples:,}",
            f"{_two_digits(row.updates):,}",
            f"{row.percent:.2g} %",
            "" if pd.isna(row.saved_after) else f"{row.saved_after:,.0f}",
        ]
        for row in rows.itertuples()
        if (row.panel, row.curve) in names
    ]
    titles = ["", "epochs", "samples seen", "updates, nominal", "of training", "W_k after update"]
    return _table(spec, (titles, cells), rows)


def cost(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """Means over seeds; the last columns give the factors saved over the panel's first row."""
    means = rows.groupby(["panel", "curve"], sort=False)[["inputs", "generation", "total"]].mean()
    cells = []
    firsts = {panel.panel: (panel.panel, panel.curves[0].curve) for panel in spec.panels}
    for (panel, curve), name in _names(spec).items():
        if (panel, curve) not in means.index:
            continue
        row, times = means.loc[(panel, curve)], ["", "", ""]
        if firsts[panel] in means.index:
            first = means.loc[firsts[panel]]
            times = [f"{first[key] / row[key]:.1f}x" for key in ("generation", "total", "inputs")]
        cells.append([name, _hours(row["generation"]), _hours(row["total"]), *times])
    titles = [
        "",
        "to find",
        "to find and evaluate",
        "less to find",
        "less to find and evaluate",
        "fewer network inputs",
    ]
    return _table(spec, (titles, cells), rows)


def _names(spec: PlotSpec) -> dict[tuple[str, str], str]:
    """The labels of the rows, by panel and curve, in their order."""
    several = len(spec.panels) > 1
    return {
        (panel.panel, curve.curve): f"{panel.title}, {curve.label}" if several else curve.label
        for panel in spec.panels
        for curve in panel.curves
    }


def _hours(value: float) -> str:
    return f"{value:,.1f} h" if value >= 1 else f"{60 * value:.1f} min"


def _two_digits(value: float) -> int:
    return int(float(f"{value:.1e}"))


def _table(spec: PlotSpec, cells: Cells, rows: pd.DataFrame) -> Figure:
    titles, body = cells
    body = body or [["no data yet", *[""] * (len(titles) - 1)]]
    figure, axis = plt.subplots(figsize=(1.4 * len(titles) + 0.6, 1))
    axis.axis("off")
    lines = style.title(figure, spec).count("\n") + 1
    figure.set_figheight(0.24 * (len(body) + 1) + 0.2 * lines + 0.15)
    table = axis.table(cellText=body, colLabels=titles, cellLoc="right", loc="upper center")
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.auto_set_column_width(list(range(len(titles))))
    table.scale(1, 1.25)
    for (row, column), cell in table.get_celld().items():
        cell.visible_edges = {0: "TB", len(body): "B"}.get(row, "")
        if column == 0:
            cell.set_text_props(ha="left")
    style.foot(figure, spec, style.caution(spec, rows, len(rows), "tickets"))
    return figure
