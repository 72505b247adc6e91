"""Colours and marks that hold across figures, for colour-blind readers too (Okabe and Ito)."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from lottery import files

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

CURVES: dict[str, dict[str, Any]] = {
    "Labels": {"color": "#0072B2", "marker": "o"},
    "RotNet": {"color": "#D55E00", "marker": "s"},
    "Exemplar": {"color": "#009E73", "marker": "^"},
    "Permuted labels": {"color": "#CC79A7", "marker": "v"},
    "Random": {"color": "#555555", "marker": "x", "linestyle": "--"},
    "Random (adjusted)": {"color": "#555555", "marker": "x", "linestyle": "--"},
}
OTHERS = ["#E69F00", "#56B4E9", "#F0E442", "#000000"]


def curve(label: str, index: int) -> dict[str, Any]:
    """Line style of a curve: by its label, or by its place for labels of the user's own."""
    return CURVES.get(label, {"color": OTHERS[index % len(OTHERS)], "marker": "."})


def save(figure: Figure, path: str) -> None:
    """Write a figure atomically, in the format of its suffix, the same bytes for the same data."""
    suffix = Path(path).suffix[1:]
    metadata = {"pdf": {"CreationDate": None}, "png": {"Software": None}}.get(suffix, {})
    with files.atomic(path) as handle:
        figure.savefig(handle, format=suffix, metadata=metadata)
