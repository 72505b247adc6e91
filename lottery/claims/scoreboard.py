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
LEGEND = (
    "Effect: mean ± standard error over seeds, paired by seed and round. Each claim is judged by "
    f"its own {100 * CONFIDENCE:g} % t interval; one seed has none. That A is better holds if "
    f"the interval is above 0, and does not if it is below {SMALLEST:g} points; that A is as good "
    f"holds if it is nowhere below -{TOLERANCE:g} point (unless the claim says otherwise), and "
    "does not if all of it is. Where all tickets are at chance each is as good as any: read that "
    "beside what is better than random."
)


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
        LEGEND,
    ]
    return "\n".join(lines) + "\n"


def _scale(scale: str) -> str:
    if scale == "paper":
        return "The paper's claims, held against results at its own scale, `paper`."
    return (
        f"The paper's claims, held against results at scale `{scale}`: its stand-ins were trained, "
        "so nothing is proven about the paper's own networks and data."
    )


def _effect(row: Any) -> str:
    if math.isnan(row.effect):
        return ""
    sign = "+" if row.unit == "points" else ""
    error = "" if math.isnan(row.standard_error) else f" ± {row.standard_error:.2f}"
    return f"{row.effect:{sign}.2f}{error} {row.unit}"
