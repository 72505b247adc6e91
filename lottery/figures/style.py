"""Colours and marks that hold across figures, for colour-blind readers too (Okabe and Ito)."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lottery import files
from lottery.figure_specs import PlotSpec

mpl.use("agg")
mpl.rcParams.update(
    {
        "figure.constrained_layout.use": True,
        "font.size": 9,
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

# A ticket looks the same in all figures; in one panel no two share a colour or a mark.
CURVES: dict[str, dict[str, Any]] = {
    "Labels": {"color": "#0072B2", "marker": "o"},
    "100 %": {"color": "#0072B2", "marker": "o"},
    "RotNet": {"color": "#D55E00", "marker": "s"},
    "Exemplar": {"color": "#009E73", "marker": "^"},
    "Permuted labels": {"color": "#CC79A7", "marker": "v"},
    "Semi-supervised, 10 % of labels": {"color": "#E69F00", "marker": "D"},
    "30 % of images": {"color": "#56B4E9", "marker": "p"},
    "10 % of images": {"color": "#000000", "marker": "^"},
    "1 % of images": {"color": "#E69F00", "marker": "v"},
    "30 % of classes": {"color": "#56B4E9", "marker": "p"},
    "10 % of classes": {"color": "#000000", "marker": "^"},
    "1 % of classes": {"color": "#E69F00", "marker": "v"},
    "3.8 million samples": {"color": "#000000", "marker": "^"},
    "3 epochs": {"color": "#0072B2", "marker": "o"},
    "2500 updates": {"color": "#D55E00", "marker": "s"},
    "3.3 % of training": {"color": "#009E73", "marker": "D"},
    "Places365": {"color": "#CC79A7", "marker": "P"},
    "CIFAR-10": {"color": "#009E73", "marker": "X"},
    "ImageNet": {"color": "#D55E00", "marker": "o"},
    "Random": {"color": "#777777", "marker": "x", "linestyle": "--"},
    "Random (adjusted)": {"color": "#777777", "marker": "x", "linestyle": "--"},
}
OTHERS = ["#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#000000"]


def curve(label: str, index: int) -> dict[str, Any]:
    """Line style of a curve: by its label, or by its place for labels of the user's own."""
    return CURVES.get(label, {"color": OTHERS[index % len(OTHERS)], "marker": "."})


def panels(spec: PlotSpec) -> tuple[Figure, dict[str, Axes]]:
    """An empty figure with titled axes for each panel, `spec.columns` side by side."""
    height = -(-len(spec.panels) // spec.columns)
    figure, axes = plt.subplots(
        height,
        spec.columns,
        figsize=(3.8 * spec.columns + 0.4, 3.1 * height + 0.4),
        squeeze=False,
        sharey="row",
    )
    title(figure, spec)
    places = list(axes.flat)
    for axis in places[len(spec.panels) :]:
        axis.set_axis_off()
    named = dict(zip(spec.panels, places, strict=False))
    for panel, axis in named.items():
        axis.set_title(panel)
    return figure, named


def title(figure: Figure, spec: PlotSpec) -> None:
    """The figure's title, and where anything but the paper's own setting stands in for it."""
    figure.suptitle(spec.title)
    if spec.scale != "paper":
        said = f"scale {spec.scale}"
        figure.text(0.995, 0.005, said, ha="right", va="bottom", color="#555555", fontsize=6)


def left(spec: PlotSpec, axes: dict[str, Axes]) -> list[Axes]:
    """The first axes of each row: theirs is the label of the vertical axis."""
    return list(axes.values())[:: spec.columns]


def legend(axis: Axes, seeds: int) -> None:
    """The curves, and over how many seeds they are means."""
    if seeds == 0:
        axis.text(0.5, 0.5, "no data yet", ha="center", va="center", transform=axis.transAxes)
        return
    axis.legend(title=f"mean ± s.e., {seeds} seeds" if seeds > 1 else "1 seed", fontsize=8)


def note_if_partial(figure: Figure, spec: PlotSpec, found: int, what: str) -> None:
    """Say on the figure's face how much of it is missing."""
    if found < spec.points:
        text = f"partial: {found} of {spec.points} {what}"
        figure.text(0.995, 0.995, text, ha="right", va="top", color="#B00020", fontsize=8)


def save(figure: Figure, path: str) -> None:
    """Write a figure atomically, in the format of its suffix, the same bytes for the same data."""
    suffix = Path(path).suffix[1:]
    metadata = {"pdf": {"CreationDate": None}, "png": {"Software": None}}.get(suffix, {})
    with files.atomic(path) as handle:
        figure.savefig(handle, format=suffix, metadata=metadata)
