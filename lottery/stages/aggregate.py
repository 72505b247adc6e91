"""Stage `aggregate`: the tidy table that a figure is drawn from. Needs no torch."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from lottery import files, records
from lottery.errors import LotteryError
from lottery.figure_specs import AggregateSpec
from lottery.messages import log
from lottery.specs import Spec, parse
from lottery.stages.command import spec_option
from lottery.tables import accuracy, cost, rewind, sparsity

KINDS: dict[str, Any] = {
    "accuracy": accuracy,
    "cost": cost,
    "rewind": rewind,
    "sparsity": sparsity,
}


def aggregate(spec: AggregateSpec, results: str, out: str) -> None:
    """Read each report, checked against its curve, and write the table as CSV.

    A partial table leaves out reports that are absent, or made by another recipe or chain.

    Raises: LotteryError if a report is missing or was made by another recipe, seed or chain.
    """
    left_out = []

    def read(path: str, what: str, expected: Spec) -> dict[str, Any] | None:
        try:
            return records.read_report(path, what, expected)
        except LotteryError as error:
            if not spec.partial:
                raise
            left_out.append(path)
            if Path(path).exists():
                log(f"left out: {error}")
            return None

    kind = KINDS[spec.table.kind]
    rows = kind.rows(spec.figure, spec.table, results, read)
    if left_out:
        log(f"{spec.figure}: {len(rows)} rows, {len(left_out)} reports are missing")
    with files.atomic(out) as handle:
        pd.DataFrame(rows, columns=kind.COLUMNS).to_csv(handle, index=False)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--results", required=True, help="results folder of the scale (in)")
    parser.add_argument("--out", required=True, help="table (out, CSV)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    aggregate(parse(AggregateSpec, args.spec), args.results, args.out)
