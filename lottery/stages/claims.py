"""Stage `claims`: checks the paper's claims against the tables of the figures. No torch."""

import argparse
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from lottery import files, paths, records
from lottery.claims.paper import Claim
from lottery.claims.scoreboard import claimed, markdown, scoreboard
from lottery.errors import LotteryError
from lottery.figure_specs import LIFELESS, ClaimsSpec
from lottery.fingerprint import code
from lottery.messages import log
from lottery.records import Input
from lottery.specs import parse
from lottery.stages.command import spec_option

NAMES = {"ticket", "evaluation"}
"""Columns of text; all others must hold numbers."""
ALLOWED: dict[str, tuple[str, Callable[[pd.Series], pd.Series]]] = {
    "chance": ("numbers from 0 to 1", lambda column: column.between(0, 1)),
    **dict.fromkeys(("samples", "updates"), ("numbers above 0", lambda column: column > 0)),
    **dict.fromkeys(LIFELESS, ("0 or 1", lambda column: column.isin([0, 1]))),
}
"""What a column may hold, in words and as a test, where the ticket's round is known."""


def claims(spec: ClaimsSpec, tables: Sequence[str], csv: str, text: str) -> None:
    """Judge each claim by its figure's table; where there is none, one cannot tell.

    Raises: LotteryError for a table that cannot be read, or of a figure that the scale lacks.
    """
    stopwatch = records.Stopwatch()
    by_figure = {Path(path).stem: path for path in tables}
    for figure, path in by_figure.items():
        if figure not in spec.figures:
            raise LotteryError(f"{path}: scale {spec.scale} has no figure {figure!r}")
    found = {figure: records.table(path) for figure, path in by_figure.items()}
    held = claimed(spec.figures)
    read = {f: _read(f, by_figure[f], content, held) for f, (_, content) in found.items()}
    rows = scoreboard(read, spec.scale, held)
    with files.atomic(csv) as handle:
        rows.to_csv(handle, index=False)
    used = {figure: Input.of(by_figure[figure], about) for figure, (about, _) in found.items()}
    header = records.header("claims", spec, code("claims"), used, stopwatch)
    records.write_report(paths.beside(csv), header, {"claims": len(rows)})
    with files.atomic(text) as handle:
        handle.write(markdown(rows, spec.scale).encode())
    log(f"checked {len(rows)} claims against {len(by_figure)} tables")


def _read(figure: str, path: str, text: bytes, held: Sequence[Claim]) -> pd.DataFrame:
    columns = {c for claim in held if claim.figure == figure for c in claim.comparison.columns}
    kinds = {column: "str" if column in NAMES else "float" for column in columns}
    try:
        table = pd.read_csv(io.BytesIO(text), dtype=kinds)
    except ValueError as error:
        reason = " ".join(str(error).split())  # pandas' own may have several lines
        raise LotteryError(f"{path}: not a readable table: {reason}") from None
    absent = columns - set(table.columns)
    if absent:
        raise LotteryError(f"{path}: no column {', '.join(sorted(absent))}")
    known = table[table["round"].notna()] if "round" in columns else table  # not of imported ones
    for column, (allowed, met) in ALLOWED.items():
        if column in columns and not met(known[column]).all():
            raise LotteryError(f"{path}: column {column}: not all are {allowed}")
    return table


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument(
        "--tables", required=True, nargs="+", help="tables named by figure (in, CSV)"
    )
    parser.add_argument("--csv", required=True, help="the claims and their verdicts (out, CSV)")
    parser.add_argument("--markdown", required=True, help="the same for readers (out)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    claims(parse(ClaimsSpec, args.spec), args.tables, args.csv, args.markdown)
