"""The paper's claims beside what the tables say of them: rows, and Markdown for readers."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd

from lottery.claims.evidence import CONFIDENCE, SMALLEST, TOLERANCE, Verdict
from lottery.claims.paper import CLAIMS, Claim

COLUMNS = [
    "section",
    "figure",
    "claim",
    "verdict",
    "effect",
    "standard_error",
    "unit",
    "seeds",
    "compared",
    "scale",
]


def scoreboard(tables: Mapping[str, pd.DataFrame], scale: str) -> pd.DataFrame:
    """One row per claim; `tables` are by figure, and a missing one counts as empty."""
    rows = [_row(claim, tables.get(claim.figure), scale) for claim in CLAIMS]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(claim: Claim, table: pd.DataFrame | None, scale: str) -> dict[str, object]:
    if table is None:
        table = pd.DataFrame(columns=list(claim.comparison.columns))
    found = claim.comparison.estimate(table)
    return {
        "section": claim.section,
        "figure": claim.figure,
        "claim": claim.words,
        "verdict": claim.judge(found),
        "effect": found.effect,
        "standard_error": found.error,
        "unit": claim.comparison.unit,
        "seeds": found.seeds,
        "compared": claim.comparison.words(table),
        "scale": scale,
    }


def markdown(rows: pd.DataFrame, scale: str) -> str:
    """The scoreboard for readers: whose networks it speaks of, the counts, the claims."""
    counts = Counter(rows["verdict"])
    lines = [
        _scale(scale),
        "",
        ", ".join(f"{verdict}: {counts[verdict]}" for verdict in get_args(Verdict)) + ".",
        "",
        "| section | figure | claim | verdict | effect | seeds | compared |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {row.section} | {row.figure} | {row.claim} | {row.verdict} | {_effect(row)} "
            f"| {row.seeds} | {row.compared} |"
            for row in rows.itertuples()
        ),
        "",
        f"Effect: mean ± standard error over seeds, paired by seed and round. A verdict is told by "
        f"the {100 * CONFIDENCE:g} % t interval, each claim's by itself: \"better\" holds above 0 and "
        f"does not below {SMALLEST:g} points; \"as good\" allows {TOLERANCE:g} point less unless "
        "the claim says otherwise. One seed has no interval.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _scale(scale: str) -> str:
    if scale == "paper":
        return "The paper's claims, held against results at its own scale, `paper`."
    return (
        f"The paper's claims, held against results at scale `{scale}`: stand-ins (see "
        f"config/{scale}.yaml) were trained, so nothing is proven about the paper's own networks "
        "and data."
    )


def _effect(row: Any) -> str:
    if math.isnan(row.effect):
        return ""
    sign = "+" if row.unit == "points" else ""
    error = "" if math.isnan(row.standard_error) else f" ± {row.standard_error:.2f}"
    return f"{row.effect:{sign}.2f}{error} {row.unit}"
