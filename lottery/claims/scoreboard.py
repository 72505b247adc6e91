"""The paper's claims next to what the tables say about them: rows, and Markdown for readers."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from lottery.claims.comparisons import SPARSE, Comparison
from lottery.claims.curves import Table
from lottery.claims.evidence import CONFIDENCE, LEVEL, MARGIN, Estimate
from lottery.claims.later_version import LATER_CLAIMS
from lottery.claims.paper import CLAIMS, Claim
from lottery.claims.verdicts import Finding, Judged, Verdict, conclude, examine
from lottery.figure_specs import BUDGET

COLUMNS = [
    "section",
    "figure",
    "claim",
    "verdict",
    "why",
    "effect",
    "standard_error",
    "lower",
    "upper",
    "unit",
    "seeds",
    "p",
    "p_adjusted",
    "compared",
    "scale",
]
LEGEND = f"""\
- **Effect**: mean ± standard error over seeds, paired by seed; for several rounds their mean, for
  a growth that from the first to the last. Points are percentage points.
- **One margin**, {MARGIN:g} point, divides all differences of accuracy. A is *better* than B if it
  is ahead by more on average, and at no round behind by more. A is *as good* (does as well,
  matches, competes) if it is within the margin at every compared round, ahead or behind: leads do
  not make up for losses. A is *not better* if it is at no round ahead by more. A lead *grows* if it
  does so by more than the margin, without a step back by more, and is one at its end.
- **Verdicts** are t tests over seeds at {100 * LEVEL:g} %, one-sided. A claim *holds* if all that
  it says is shown (the {100 * CONFIDENCE:g} % intervals lie within the bounds), *does not hold* if
  the contrary of a part of it is; otherwise one *cannot tell*. Of many tests some succeed by luck,
  so the p-values of a section are adjusted together (Benjamini-Hochberg): no more than
  {100 * LEVEL:g} % of its verdicts are expected to be wrong.
- **Normality is assumed**: t tests take seeds to differ as normal numbers do, which so few cannot
  show. Where seeds fall in two groups (some fail, but not so that it is told) more are wrong.
- **No verdict without a reference.** Whether tickets are equal is judged only if their
  reference (tickets from all labels, unless the claim names others) is clearly above chance at
  every compared round, and better than its random baseline; nor is it refuted that one is better
  where these are not shown, for nothing could have been seen. Only a loss by more than the margin
  refutes it whatever random tickets do.
- **No verdict where a network of a claim has learned nothing** (it gives one answer to all images,
  or has the loss of one): a mean with it says nothing, and one without it is of the seeds that
  chance has spared. Where such a network is of a reference or its baseline, no verdict is given
  that needs these.
- **No verdict between other budgets.** Two networks are compared only if the images behind them,
  until W_k and in the evaluation, are within {100 * BUDGET:g} %; where only their updates differ,
  it is said. Random tickets are those trained as long as found ones (`-equal`), where the figure
  has them; on CIFAR-10 the adjusted ones where less than {100 * SPARSE:g} % remain (Section 4.5).
  The full network is a random ticket of which all weights remain. Claims about the rewind point
  itself are of any budget, and say both. Those of sparsity and of hours have none.
- **Rounds.** Where the paper names a round that was not pruned to, the claim says which was judged
  instead.
"""


OWN_SCALES = {"paper": "The paper's claims", "v2": "The claims of the paper's later version"}
"""Whose claims they are at the scales at which nothing stands in for the paper's own."""


def claimed(figures: Collection[str]) -> tuple[Claim, ...]:
    """The claims of each version of the paper that has one of these figures."""
    return tuple(
        claim
        for version in (CLAIMS, LATER_CLAIMS)
        if any(one.figure in figures for one in version)
        for claim in version
    )


def scoreboard(
    tables: Mapping[str, pd.DataFrame], scale: str, claims: Sequence[Claim] = CLAIMS
) -> pd.DataFrame:
    """One row per claim; `tables` are by figure, and a missing one counts as empty."""
    held = {figure: Table(frame) for figure, frame in tables.items()}
    rows = [
        _row(claim, finding, judged, _table(claim.comparison, held.get(claim.figure)), scale)
        for claim, (finding, judged) in judged_claims(held, claims).items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def judged_claims(
    tables: Mapping[str, Table], claims: Sequence[Claim] = CLAIMS
) -> dict[Claim, tuple[Finding, Judged]]:
    """The finding and verdict of each claim; each section of the paper is a family of its own."""
    findings = {claim: _examine(claim, tables.get(claim.figure)) for claim in claims}
    found: dict[Claim, tuple[Finding, Judged]] = {}
    for section in dict.fromkeys(claim.section for claim in claims):
        family = {claim: f for claim, f in findings.items() if claim.section == section}
        verdicts = conclude(list(family.values()))
        found |= {
            claim: (finding, verdict)
            for (claim, finding), verdict in zip(family.items(), verdicts, strict=True)
        }
    return {claim: found[claim] for claim in claims}


def _examine(claim: Claim, table: Table | None) -> Finding:
    if table is None:
        return Finding(Estimate.of(np.empty(0)), None, None, f"no table of {claim.figure}")
    return examine(claim.comparison, claim.judge, table)


def _table(comparison: Comparison, table: Table | None) -> Table:
    return table or Table(pd.DataFrame(columns=list(comparison.columns)))


def _row(
    claim: Claim, finding: Finding, judged: Judged, table: Table, scale: str
) -> dict[str, object]:
    return {
        "section": claim.section,
        "figure": claim.figure,
        "claim": claim.words + claim.comparison.note(table),
        "verdict": judged.verdict,
        "why": judged.why,
        "effect": finding.estimate.effect,
        "standard_error": finding.estimate.error,
        "lower": finding.estimate.lower,
        "upper": finding.estimate.upper,
        "unit": claim.comparison.unit,
        "seeds": finding.estimate.seeds,
        "p": finding.p,
        "p_adjusted": judged.adjusted,
        "compared": claim.comparison.words(table),
        "scale": scale,
    }


def markdown(rows: pd.DataFrame, scale: str) -> str:
    """The scoreboard for readers: the scale, the counts, the claims."""
    counts = Counter(rows["verdict"])
    lines = [
        _scale(scale),
        "",
        ", ".join(f"{verdict}: {counts[verdict]}" for verdict in get_args(Verdict)) + ".",
        "",
        "| section | figure | claim | verdict | why | effect | seeds | compared |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {row.section} | {row.figure} | {row.claim} | {row.verdict} | {row.why} "
            f"| {_effect(row)} | {row.seeds} | {row.compared} |"
            for row in rows.itertuples()
        ),
        "",
        LEGEND,
    ]
    return "\n".join(lines)


def _scale(scale: str) -> str:
    if scale in OWN_SCALES:
        return f"{OWN_SCALES[scale]}, checked against results at its own scale, `{scale}`."
    return (
        f"The paper's claims, checked against results at scale `{scale}`: stand-ins were trained, "
        "so they prove nothing about the paper's own networks and data."
    )


def _effect(row: Any) -> str:
    if math.isnan(row.effect):
        return ""
    sign = "+" if row.unit == "points" else ""
    error = "" if math.isnan(row.standard_error) else f" ± {row.standard_error:.2f}"
    return f"{row.effect:{sign}.2f}{error} {row.unit}"
