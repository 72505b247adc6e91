"""Colours and markers, consistent across figures and safe for the colour-blind, and layout."""

import itertools
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend as MatplotlibLegend
from matplotlib.transforms import ScaledTranslation

from lottery import files, headers
from lottery.figure_specs import PlotSpec

mpl.use("agg")
mpl.rcParams.update(
    {
        "figure.constrained_layout.use": True,
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "pdf.fonttype": 42,
        "savefig.dpi": 150,
    }
)

Look = dict[str, Any]
# By the curve's name in the table. A ticket looks the same in all figures; in one panel no two
# share a colour or a mark. The colours are Okabe's and Ito's.
CURVES: dict[str, Look] = {
    "Labels": {"color": "#0072B2", "marker": "o"},
    "100 %": {"color": "#0072B2", "marker": "o"},
    "RotNet": {"color": "#D55E00", "marker": "s"},
    "Exemplar": {"color": "#009E73", "marker": "^"},
    "Labels, reinit": {"color": "#56B4E9", "marker": "D", "linestyle": "--"},
    "Labels, reinit (equal)": {"color": "#56B4E9", "marker": "D", "linestyle": "--"},
    "RotNet, reinit": {"color": "#E69F00", "marker": "P", "linestyle": "--"},
    "RotNet, reinit (equal)": {"color": "#E69F00", "marker": "P", "linestyle": "--"},
    "Exemplar, reinit": {"color": "#999933", "marker": "v", "linestyle": "--"},
    "Exemplar, reinit (equal)": {"color": "#999933", "marker": "v", "linestyle": "--"},
    "Permuted labels": {"color": "#CC79A7", "marker": "v"},
    "Semi-supervised": {"color": "#E69F00", "marker": "D"},
    "images-30": {"color": "#56B4E9", "marker": "p"},
    "images-10": {"color": "#000000", "marker": "^"},
    "images-1": {"color": "#E69F00", "marker": "v"},
    "classes-30": {"color": "#56B4E9", "marker": "p"},
    "classes-10": {"color": "#000000", "marker": "^"},
    "classes-1": {"color": "#E69F00", "marker": "v"},
    "samples": {"color": "#000000", "marker": "^"},
    "epochs": {"color": "#0072B2", "marker": "o"},
    "updates": {"color": "#D55E00", "marker": "s"},
    "percent": {"color": "#009E73", "marker": "D"},
    "places365": {"color": "#CC79A7", "marker": "P"},
    "cifar10": {"color": "#009E73", "marker": "X"},
    "imagenet": {"color": "#D55E00", "marker": "o"},
    "Random": {"color": "#777777", "marker": "<", "linestyle": "--"},
    "Random (equal)": {"color": "#332288", "marker": "+", "linestyle": "--", "markersize": 6},
    "Random (adjusted)": {"color": "#000000", "marker": "*", "markersize": 6, "linestyle": ":"},
}
OTHER_COLOURS = (
    "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#000000", "#0072B2", "#777777",
    "#332288", "#882255", "#999933", "#44AA99",
)  # fmt: skip
OTHER_MARKS = ("D", "P", "v", "h", "<", ">", "8", "d", "s", "o", "^", "X", "p", "*")
DASHES = ("-", "--", ":", "-.")

WIDTH, HEIGHT = 3.8, 2.5
"""Inches of one panel, without the texts above and below its axes."""
LETTER, LINE = 0.064, 0.155
"""Inches of a legend's average letter, and of its line spacing."""
HANDLE = 0.55
"""Inches of a legend's entry beside its label."""
GREY = "#555555"
RED = "#B00020"
ADOPTED = "adopted"
"""The attribute of a table's rows that tells why results in it were adopted."""
FOOT, SMALL = 0.13, 0.055
"""Inches of a line in the footer of a figure, and of a letter there."""


def looks(curves: Sequence[str]) -> dict[str, Look]:
    """How the curves of one panel are drawn, by their names.

    The user's own curves take what is left: unused colours and markers first, then all of them with
    another dash.
    """
    known = {curve: CURVES[curve] for curve in curves if curve in CURVES}
    taken = {mark for look in known.values() for mark in (look["color"], look["marker"])}
    colours = _left(OTHER_COLOURS, taken)
    marks = _left(OTHER_MARKS, taken)
    others = [curve for curve in curves if curve not in known]
    return known | {
        curve: {"color": colour, "marker": mark, "linestyle": dash}
        for curve, (colour, dash), (mark, _) in zip(others, colours, marks, strict=False)
    }


def _left(every: Sequence[str], taken: Set[str]) -> Iterator[tuple[str, str]]:
    """Those that are not taken, with solid lines; then all of them, one dash after another."""
    yield from ((each, DASHES[0]) for each in every if each not in taken)
    yield from ((each, dash) for dash in itertools.cycle(DASHES[1:]) for each in every)


@dataclass
class Legend:
    """The legend of a panel: for each curve its label, its look and what was drawn."""

    title: str
    entries: list[tuple[str, Look, Any]]

    def says(self) -> tuple[str, list[tuple[str, Look]]]:
        """What readers see of it."""
        return self.title, [(label, look) for label, look, _ in self.entries]

    def columns(self, width: float) -> int:
        """How many columns of entries fit into a width (inches); they are filled one by one."""
        letters = [max(map(len, label.split("\n"))) for label, *_ in self.entries]
        for count in range(len(letters), 1, -1):
            columns = np.array_split(letters, count)
            if sum(HANDLE + LETTER * max(column) for column in columns) <= width:
                return count
        return 1

    def height(self, width: float) -> float:
        """The approximate height in inches."""
        if not self.entries:
            return 0.0
        lines = max(label.count("\n") + 1 for label, *_ in self.entries)
        return LINE * (1.7 + lines * -(-len(self.entries) // self.columns(width)))


def panels(spec: PlotSpec) -> tuple[Figure, dict[str, Axes]]:
    """An empty figure with titled axes for each panel, `spec.columns` side by side."""
    rows = -(-len(spec.panels) // spec.columns)
    figure, axes = plt.subplots(rows, spec.columns, squeeze=False, sharey="row")
    figure.set_size_inches(WIDTH * spec.columns + 0.4, HEIGHT * rows)
    places = list(axes.flat)
    for axis in places[len(spec.panels) :]:
        axis.set_axis_off()
    named = dict(zip(spec.panels, places, strict=False))
    for panel, axis in named.items():
        axis.set_title(_broken(panel.title, int(WIDTH * 11.5)))
    return figure, {panel.panel: axis for panel, axis in named.items()}


def finish(
    figure: Figure,
    spec: PlotSpec,
    axes: Mapping[str, Axes],
    legends: Mapping[str, Legend],
    lines: Sequence[tuple[str, str]],
    ticks: Mapping[str, float] | None = None,
) -> None:
    """Add what is around the axes, never on them; the figure grows accordingly.

    A legend that is the same for all panels is drawn once; axes may share that of their neighbour.
    `lines` are the footer's, with colours. `ticks` are the inches that labels of ticks take below
    axes, where these are longer than numbers.
    """
    rows, width = -(-len(spec.panels) // spec.columns), figure.get_figwidth()
    title(figure, spec)
    for panel, legend in legends.items():
        if not legend.entries:
            axis = axes[panel]
            axis.text(0.5, 0.5, "no data yet", ha="center", va="center", transform=axis.transAxes)
    said = [legend for legend in legends.values() if legend.entries]
    ticks = ticks or {}
    height = (HEIGHT + 0.3 + max(ticks.values(), default=0.0)) * rows + 0.4
    if said and len(axes) > 1 and all(legend.says() == said[0].says() for legend in said):
        figure.set_size_inches(width, height)
        foot(figure, spec, lines, _legend(figure, said[0], width, loc="lower center"))
        return
    height += rows * max((legend.height(WIDTH) for legend in said), default=0.0)
    figure.set_size_inches(width, height)
    for panel, legend in legends.items():
        if legend.entries:
            below = -0.38 - ticks.get(panel, 0.0)  # the axis label
            offset = ScaledTranslation(0, below, figure.dpi_scale_trans)
            place = {"bbox_to_anchor": (0.5, 0), "bbox_transform": axes[panel].transAxes + offset}
            _legend(axes[panel], legend, WIDTH, loc="upper center", **place)
    foot(figure, spec, lines)


def _legend(on: Figure | Axes, legend: Legend, width: float, **place: Any) -> MatplotlibLegend:
    return on.legend(
        [drawn for *_, drawn in legend.entries],
        [label for label, *_ in legend.entries],
        title=legend.title,
        ncols=legend.columns(width),
        fontsize=8,
        title_fontsize=8,
        **place,
    )


def title(figure: Figure, spec: PlotSpec) -> str:
    """The figure's title, broken into lines that fit."""
    broken = _broken(spec.title, int(10.5 * figure.get_figwidth()))
    figure.suptitle(broken)
    return broken


def _broken(text: str, letters: int) -> str:
    """The text in lines of that many letters, broken after a comma, or else outside parentheses."""
    head, comma, _ = text[:letters].rpartition(", ")
    tail = text[len(head) + 2 :]
    if len(text) > letters and comma and len(tail) <= letters:
        return f"{head},\n{tail}"
    whole = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", "\u00a0"), text)
    return textwrap.fill(whole, letters, break_on_hyphens=False).replace("\u00a0", " ")


def caution(spec: PlotSpec, rows: pd.DataFrame, found: int, what: str) -> list[tuple[str, str]]:
    """Lines for the footer: how much of the figure is missing, and why results were adopted."""
    lines = [f"partial: {found} of {spec.points} {what}"] if found < spec.points else []
    if reasons := rows.attrs.get(ADOPTED):
        lines.append(f"with results of other code, adopted because: {'; '.join(reasons)}")
    return [(line, RED) for line in lines]


def foot(
    figure: Figure,
    spec: PlotSpec,
    lines: Sequence[tuple[str, str]],
    legend: MatplotlibLegend | None = None,
) -> None:
    """Lines at the bottom, and the scale if it is not the paper's, below the legend."""
    scale = "" if spec.scale == "paper" else f"scale {spec.scale}"
    width, height = figure.get_size_inches()
    letters = int((width - 0.2) / SMALL) - len(scale)
    lines = [(part, colour) for text, colour in lines for part in textwrap.wrap(text, letters)]
    count = max(len(lines), bool(scale))
    below, legend_height = FOOT * count, 0.0
    if legend:
        legend_height = legend.get_window_extent().height / figure.dpi
    total = height + below + legend_height
    figure.set_size_inches(width, total)
    if legend:
        legend.set_bbox_to_anchor((0.5, below / total), figure.transFigure)
    taken = (below + legend_height) / total
    figure.set_layout_engine("constrained", rect=(0, taken, 1, 1 - taken))
    words: dict[str, Any] = {"va": "bottom", "fontsize": 7}
    for place, (text, colour) in enumerate(reversed(lines)):
        y = FOOT * (place + 0.2) / total
        figure.text(0.06 / width, y, text, ha="left", color=colour, **words)
    figure.text(1 - 0.06 / width, 0.2 * FOOT / total, scale, ha="right", color=GREY, **words)


def span(counts: Collection[int]) -> str:
    """`3`, or `1 to 3` where they differ."""
    least, most = min(counts), max(counts)
    return str(most) if least == most else f"{least} to {most}"


def save(figure: Figure, path: str, header: str) -> None:
    """Write a figure atomically, in the format of its suffix, the same bytes for the same data.

    PNG and PDF carry the `header`, for `lottery.headers` and for readers.
    """
    suffix = Path(path).suffix[1:]
    metadata: dict[str, Any] = {
        "pdf": {"CreationDate": None, "Keywords": header},
        "png": {"Software": None, headers.FIGURE: header},
    }.get(suffix, {})
    with files.atomic(path) as handle:
        figure.savefig(handle, format=suffix, metadata=metadata)
