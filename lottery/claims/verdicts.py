"""From what was compared to verdicts, a section of the paper at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lottery.claims.comparisons import Comparison, Sample
from lottery.claims.curves import Table
from lottery.claims.evidence import LEVEL, MARGIN, Estimate, Tested, Unit, adjusted, t_tests
from lottery.claims.judges import Judge, at_least, better

Verdict = Literal["holds", "does not hold", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """What one claim shows by itself.

    `holds` and `fails` are p-values that it does and that it does not, None where there is nothing
    to test; `on_holds` and `on_fails` is what to say then, `otherwise` what if neither is shown.
    """

    estimate: Estimate
    holds: float | None
    fails: float | None
    otherwise: str
    on_holds: str = ""
    on_fails: str = ""
    remark: str = ""

    @property
    def p(self) -> float | None:
        """The smaller p-value: the claim's own in its section's family."""
        return None if self.holds is None or self.fails is None else min(self.holds, self.fails)


@dataclass(frozen=True)
class Judged:
    """A claim's verdict, why, and the p-value that it is due to."""

    verdict: Verdict
    why: str
    adjusted: float | None


def examine(comparison: Comparison, judge: Judge, table: Table) -> Finding:
    """What a table says of one claim.

    Any verdict on equality takes guards: a reference that is clearly above chance, by the margin at
    every compared round, and better than its random baseline. That a ticket is *not better* takes
    the first: where even the reference guesses, nothing could have been seen.
    """
    sample = comparison.sample(table)
    estimate = Estimate.of(sample.blocks[0].overall)
    if comparison.unit == "times":
        estimate = estimate.exponential()
    if sample.reason:
        return Finding(estimate, None, None, sample.reason, remark=sample.remark)
    found = _tested(sample, judge, comparison.unit)
    holds, fails = found.inside, found.outside
    on_holds, on_fails = "", found.broken
    if judge.broken:
        holds, fails = fails, holds
        on_holds, on_fails = found.broken, "within the margin everywhere"
    guard, reason = _guarded(comparison, judge, table)
    if guard is None and judge.equality:
        return Finding(estimate, None, None, reason, remark=sample.remark)
    guard = 1 if guard is None else guard
    otherwise = reason if guard > LEVEL and (judge.equality or fails <= LEVEL) else found.wide
    fails = max(fails, guard)
    if judge.equality:
        holds = max(holds, guard)
    return Finding(estimate, holds, fails, otherwise, on_holds, on_fails, sample.remark)


def _tested(sample: Sample, judge: Judge, unit: Unit = "points") -> Tested:
    return t_tests([part for block in sample.blocks for part in judge.parts(block)], unit)


def _guarded(comparison: Comparison, judge: Judge, table: Table) -> tuple[float | None, str]:
    """The p-value that all guards are met, None without data for one, and which is met least."""
    guards = [(guard, at_least(MARGIN)) for guard in comparison.above_chance(table)]
    if judge.equality:
        guards += [(guard, better) for guard in comparison.above_random(table)]
    worst, why = 0.0, ""
    for guard, asked in guards:
        if guard.sample.reason:
            return None, f"{guard.says}: {guard.sample.reason}"
        found = _tested(guard.sample, asked)
        if found.inside > worst:
            worst, why = found.inside, f"{guard.says} {found.place}"
    return worst, why


def conclude(findings: Sequence[Finding]) -> list[Judged]:
    """The verdicts of a family of claims, those of one section.

    Of a claim's two p-values one is of a wrong verdict, whose chance to be small is small. So the
    smaller of both, adjusted, bounds the share of wrong verdicts of either kind. Claims that cannot
    be tested are no members. Adjustment only raises a p-value: claims that exclude each other
    cannot both hold, whatever their families.
    """
    tested = [finding.p for finding in findings if finding.p is not None]
    raised = iter(adjusted(tested))
    return [
        _judged(finding, None if finding.p is None else next(raised), len(tested))
        for finding in findings
    ]


def _judged(finding: Finding, raised: float | None, family: int) -> Judged:
    verdict: Verdict = "cannot tell"
    why = finding.otherwise
    if finding.holds is not None and finding.fails is not None and raised is not None:
        holds = finding.holds < finding.fails
        if raised <= LEVEL:
            verdict = "holds" if holds else "does not hold"
            why = finding.on_holds if holds else finding.on_fails
        elif min(finding.holds, finding.fails) <= LEVEL:
            alone = "holds" if holds else "does not hold"
            why = f"{alone} alone (p = {finding.p:.2g}), not as one of its section's {family}"
    return Judged(verdict, "; ".join(filter(None, (why, finding.remark))), raised)
