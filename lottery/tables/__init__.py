"""Tidy tables, one module per kind of figure: the rows that it is drawn from. None needs torch.

Each offers `COLUMNS` and `rows(figure, table, results, read)`, where `read(path, what, spec)` is a
checked report, or None if it does not exist yet and the figure may be partial.
"""

from collections.abc import Callable, Iterator, Set
from typing import Any, NamedTuple

from lottery import reports, words
from lottery.errors import LotteryError
from lottery.figure_specs import AccuracyTable, CurveSpec, EvaluatedSpec, LayersTable
from lottery.specs import Spec

Read = Callable[[str, str, Spec], dict[str, Any] | None]
Rows = list[dict[str, object]]


class Evaluated(NamedTuple):
    """The report on the ticket of a curve, a seed and a round."""

    curve: EvaluatedSpec
    seed: int
    round: int | str
    """Empty for an imported ticket, which has one a seed."""
    record: dict[str, Any]


def evaluated(
    table: AccuracyTable | LayersTable, results: str, read: Read, needed: Set[str]
) -> Iterator[Evaluated]:
    """All reports on evaluated tickets that there are, in the order of a table's rows.

    Raises: LotteryError if one of them lacks a key that is `needed`.
    """
    for curve in table.curves:
        for seed in table.seeds:
            for round in reports.rounds(curve, table):
                path = reports.report_path(curve, seed, round, results)
                record = read(path, *reports.made_by(curve, seed, round))
                if record is None:
                    continue
                absent = needed - record["result"].keys()
                if absent:
                    keys = ", ".join(sorted(absent))
                    raise LotteryError(f"{path}: damaged: the report holds no {keys}")
                yield Evaluated(curve, seed, "" if curve.chain.imported else round, record)


def about(figure: str, curve: CurveSpec) -> dict[str, object]:
    """The columns with which each row begins: its place in the figure, its ticket and network."""
    return {
        "figure": figure,
        "panel": curve.panel,
        "curve": curve.curve,
        "ticket": curve.chain.ticket,
        "network": words.network(curve.chain.architecture),
    }
