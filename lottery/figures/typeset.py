"""Tables typeset as figures: Table 1, and what tickets cost."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lottery.figure_specs import PlotSpec
from lottery.figures import style

Cells = tuple[list[str], list[list[str]]]
"""Column titles, and rows."""


def rewind(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """Table 1, to the paper's number of digits."""
    cells = [
        [
            row.curve,
            f"{row.epochs:.3g}",
            f"{row.samples:,}",
            f"{_two_digits(row.updates):,}",
            f"{row.percent:.2g} %",
        ]
        for row in rows.itertuples()
    ]
    return _table(spec, (["", "epochs", "samples seen", "updates", "of training"], cells))


def cost(spec: PlotSpec, rows: pd.DataFrame) -> Figure:
    """Mean over seeds; the last columns say how many times less than the panel's first row."""
    means = rows.groupby(["panel", "curve"], sort=False)[["inputs", "generation", "total"]].mean()
    cells = []
    for panel in spec.panels:
        if panel not in means.index.get_level_values(0):
            continue
        block = means.loc[panel]
        first = block.iloc[0]
        for label, row in block.iterrows():
            times = [f"{first[key] / row[key]:.1f}x" for key in ("generation", "total", "inputs")]
            name = f"{panel}, {label}" if len(spec.panels) > 1 else str(label)
            cells.append([name, _hours(row["generation"]), _hours(row["total"]), *times])
    titles = [
        "",
        "to find",
        "to find and judge",
        "less to find",
        "less to find and judge",
        "fewer images to find",
    ]
    figure = _table(spec, (titles, cells))
    found = len(rows)
    style.note_if_partial(figure, spec, found, "tickets")
    return figure


def _hours(value: float) -> str:
    return f"{value:,.1f} h" if value >= 1 else f"{60 * value:.1f} min"


def _two_digits(value: float) -> int:
    return int(float(f"{value:.1e}"))


def _table(spec: PlotSpec, cells: Cells) -> Figure:
    titles, body = cells
    body = body or [["no data yet", *[""] * (len(titles) - 1)]]
    figure, axis = plt.subplots(figsize=(1.4 * len(titles) + 0.6, 0.27 * (len(body) + 2) + 0.3))
    axis.axis("off")
    style.title(figure, spec)
    table = axis.table(cellText=body, colLabels=titles, cellLoc="right", loc="upper center")
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.auto_set_column_width(list(range(len(titles))))
    table.scale(1, 1.25)
    for (row, column), cell in table.get_celld().items():
        cell.visible_edges = {0: "TB", len(body): "B"}.get(row, "")
        if column == 0:
            cell.set_text_props(ha="left")
    return figure
