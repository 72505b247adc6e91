"""Stage `aggregate`: one tidy row per curve, seed and round of a figure. Needs no torch."""

import argparse

import pandas as pd

from lottery import files, records, reports
from lottery.errors import LotteryError
from lottery.specs import AggregateSpec, CurveSpec, parse
from lottery.stages.command import spec_option

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "evaluation",
    "seed",
    "round",
    "remaining",
    "total",
    "density",
    "accuracy",
    "loss",
    "seconds",
]


def aggregate(spec: AggregateSpec, results: str, out: str) -> None:
    """Read each evaluation, checked against its curve, and write the table as CSV.

    Raises: LotteryError if a report is missing or was made by another recipe, seed or chain.
    """
    rows = [
        row(spec.figure, curve, seed, round, results)
        for curve in spec.curves
        for seed in spec.seeds
        for round in spec.rounds
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    with files.atomic(out) as handle:
        table.to_csv(handle, index=False)


def row(figure: str, curve: CurveSpec, seed: int, round: int, results: str) -> list[object]:
    """One row of the table, in the order of `COLUMNS`."""
    path = reports.report_path(curve, seed, round, results)
    record = records.read_report(path, *reports.made_by(curve, seed, round))
    found = record["result"]
    if not {"remaining", "total", "density", "test"} <= found.keys():
        raise LotteryError(f"{path}: damaged: the report holds no accuracy")
    return [
        figure,
        curve.panel,
        curve.curve,
        curve.chain.ticket,
        curve.evaluation,
        seed,
        round,
        found["remaining"],
        found["total"],
        found["density"],
        found["test"]["accuracy"],
        found["test"]["loss"],
        record["seconds"],
    ]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--results", required=True, help="results folder of the scale (in)")
    parser.add_argument("--out", required=True, help="table (out, CSV)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    aggregate(parse(AggregateSpec, args.spec), args.results, args.out)
