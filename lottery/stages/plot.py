"""Stage `plot`: a figure from its table. Needs no torch."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from lottery import records
from lottery.errors import LotteryError
from lottery.figure_specs import LIFELESS, PlotSpec
from lottery.figures import accuracy, layers, sparsity, style, typeset
from lottery.fingerprint import code
from lottery.messages import log
from lottery.records import Input
from lottery.specs import parse
from lottery.stages.command import spec_option

KINDS: dict[str, Any] = {
    "accuracy": (accuracy.draw, {"seed", "round", "density", "accuracy", "chance"}),
    "cost": (typeset.cost, {"inputs", "generation", "total"}),
    "layers": (layers.draw, {"seed", "round", "density", "layer", "place", "layer_density"}),
    "rewind": (typeset.rewind, {"epochs", "samples", "updates", "percent"}),
    "sparsity": (
        sparsity.draw,
        {"seed", "rank", "magnitude", "sparsity", "zero_threshold", "dead_taps"},
    ),
}
"""By kind, what draws it and the columns that it reads besides panel and curve."""
TEXTS = {"panel", "curve", "layer"}
"""Columns that are no numbers."""
LATER: dict[str, set[str]] = {
    "accuracy": {"updates", "samples", *LIFELESS},
    "rewind": {"saved_after"},
}
"""By kind, further columns, which tables of earlier versions lack: there they are empty."""
FORMATS = (".pdf", ".png", ".svg")


def plot(spec: PlotSpec, table: str, outs: list[str]) -> None:
    """Draw the figure once and write it in each format (by suffix)."""
    about, text = records.table(table)
    if about["spec"]["figure"] != spec.figure:
        raise LotteryError(f"{table}: it is the table of figure {about['spec']['figure']!r}")
    rows = _read(table, text, spec.kind)
    rows.attrs[style.ADOPTED] = Input.of(table, about).adopted
    there = set(zip(rows["panel"], rows["curve"], strict=True))
    for panel in spec.panels:
        for curve in panel.curves:
            if not (spec.partial or (panel.panel, curve.curve) in there):
                raise LotteryError(
                    f"{table}: no rows of curve {curve.curve!r} of panel {panel.panel!r}"
                )
    for out in outs:
        if Path(out).suffix not in FORMATS:
            raise LotteryError(f"--out {out}: must end in one of {', '.join(FORMATS)}")
    figure = KINDS[spec.kind][0](spec, rows)
    read = {"table": Input.of(table, about)}
    stamp = records.sealed(records.stamp("figure", spec, code("plot"), read), None)
    for out in outs:
        style.save(figure, out, json.dumps(stamp))
        log(f"drew {out}")
    plt.close(figure)


def _read(path: str, text: bytes, kind: str) -> pd.DataFrame:
    """The rows of a table with all columns that are drawn; a number that it lacks is NaN."""
    needed, later = KINDS[kind][1], LATER.get(kind, set())
    try:
        rows = pd.read_csv(io.BytesIO(text), dtype=dict.fromkeys(TEXTS, str), keep_default_na=False)
        absent = ({"panel", "curve"} | needed) - set(rows.columns)
        if absent:
            raise LotteryError(f"{path}: no column {', '.join(sorted(absent))}")
        rows = rows.reindex(columns=[*rows.columns, *sorted(later - set(rows.columns))])
        numbers = sorted((needed | later) - TEXTS)
        rows[numbers] = rows[numbers].apply(pd.to_numeric)
    except ValueError as error:
        raise LotteryError(f"{path}: not a readable table: {error}") from None
    return rows


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--table", required=True, help="table of the figure (in, CSV)")
    parser.add_argument("--out", required=True, nargs="+", help="figure (out, .pdf and .png)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    plot(parse(PlotSpec, args.spec), args.table, args.out)
