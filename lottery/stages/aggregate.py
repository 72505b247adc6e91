"""Stage `aggregate`: the tidy table that a figure is drawn from. Needs no torch."""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from lottery import records
from lottery.errors import LotteryError
from lottery.figure_specs import AggregateSpec
from lottery.fingerprint import code
from lottery.messages import log
from lottery.records import Input
from lottery.specs import Spec, parse
from lottery.stages.command import spec_option
from lottery.tables import accuracy, cost, layers, rewind, sparsity

KINDS: dict[str, Any] = {
    "accuracy": accuracy,
    "cost": cost,
    "layers": layers,
    "rewind": rewind,
    "sparsity": sparsity,
}


TIMES = ["seconds"]
"""Columns that nothing is drawn from, and that differ between two runs of the same."""


def aggregate(spec: AggregateSpec, results: str, out: str, without: Collection[str] = ()) -> None:
    """Read each report, checked against its curve, and write the table as CSV.

    Beside it goes a report with the table's header, whose inputs are named by their paths in the
    results folder. A partial table leaves out reports that are absent, or made by another recipe
    or chain, and those named in `without`.

    Raises: LotteryError if a report is missing, damaged, or was made by another recipe, seed or
        chain.
    """
    stopwatch = records.Stopwatch()
    left_out: list[str] = []
    used: dict[str, Input] = {}

    def read(path: str, what: str, expected: Spec) -> dict[str, Any] | None:
        if path in without:
            left_out.append(path)
            return None
        try:
            found = records.read_report(path, what, expected)
            used[path.removeprefix(f"{results}/")] = Input.of(path, found)
            return found
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
    table = pd.DataFrame(rows, columns=kind.COLUMNS)
    texts = (
        each.to_csv(index=False).encode()
        for each in (table, table.drop(columns=TIMES, errors="ignore"))
    )
    header = records.header("table", spec, code("aggregate"), used, stopwatch)
    records.write_table(out, header, *texts)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--results", required=True, help="results folder of the scale (in)")
    parser.add_argument("--out", required=True, help="table (out, CSV), and its report")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    aggregate(parse(AggregateSpec, args.spec), args.results, args.out)
