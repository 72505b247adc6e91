"""Stage `plot`: a figure from its table. Needs no torch."""

import argparse
from pathlib import Path

import pandas as pd

from lottery.errors import LotteryError
from lottery.figures import accuracy
from lottery.specs import PlotSpec, parse
from lottery.stages.command import spec_option
from lottery.training.progress import log

FORMATS = (".pdf", ".png", ".svg")


def plot(spec: PlotSpec, table: str, outs: list[str]) -> None:
    """Draw the figure once and write it in each format (by suffix)."""
    try:
        rows = pd.read_csv(table, dtype={"panel": str, "curve": str}, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise LotteryError(f"{table}: not a readable table: {error}") from None
    absent = {"panel", "curve", "seed", "round", "density", "accuracy"} - set(rows.columns)
    if absent:
        raise LotteryError(f"{table}: no column {', '.join(sorted(absent))}")
    for panel in spec.panels:
        if not (rows["panel"] == panel).any():
            raise LotteryError(f"{table}: no rows of panel {panel!r}")
    for out in outs:
        if Path(out).suffix not in FORMATS:
            raise LotteryError(f"--out {out}: must end in one of {', '.join(FORMATS)}")
    accuracy.draw(spec, rows, outs)
    for out in outs:
        log(f"drew {out}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--table", required=True, help="table of the figure (in, CSV)")
    parser.add_argument("--out", required=True, nargs="+", help="figure (out, .pdf and .png)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    plot(parse(PlotSpec, args.spec), args.table, args.out)
