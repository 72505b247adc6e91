"""From what was compared to verdicts, a section of the paper at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lottery.claims.comparisons import Comparison, Guard, Sample
from lottery.claims.curves import Table
from lottery.claims.evidence import LEVEL, MARGIN, Estimate, Tested, Unit, adjusted, t_tests
from lottery.claims.judges import Judge, at_least, better, no_worse

Verdict = Literal["holds", "does not hold", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """What one claim shows by itself.

    `holds` and `fails` are the p-values that it does and that it does not, None if there is nothing
    to test; `on_holds`, `on_fails` and `otherwise` (neither is shown) are the reasons to give.
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
        """The smaller p-value: the one with which the claim enters its section's family."""
        return None if self.holds is None or self.fails is None else min(self.holds, self.fails)


@dataclass(frozen=True)
class Judged:
    """A claim's verdict, the reason, and the adjusted p-value behind it."""

    verdict: Verdict
    why: str
    adjusted: float | None


def examine(comparison: Comparison, judge: Judge, table: Table) -> Finding:
    """What a table says about one claim.

    Any verdict on equality needs guards: a reference that is clearly above chance, by the margin at
    every compared round, and better than its random baseline. So does the verdict that a ticket is
    *not better*: where the reference guesses, or is no better than tickets drawn at random, nothing
    could have been seen. There a loss by more than the margin stands in for the random baseline:
    what trails that far is no more equal than what leads.
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
    guesses = _guarded(comparison.above_chance(table), at_least(MARGIN))
    saturated = _guarded(comparison.above_random(table), better)
    if judge.equality and (guesses.lacking or saturated.lacking):
        why = guesses.why if guesses.lacking else saturated.why
        return Finding(estimate, None, None, why, remark=sample.remark)
    if not judge.equality:  # one of two is enough: each counts twice (Bonferroni)
        p = min(saturated.p, _tested(sample, no_worse).outside)
        saturated = replace(saturated, p=min(1.0, 2 * p))
    guard = max(guesses, saturated, key=lambda one: one.p)
    unmet = guard.p > LEVEL and (judge.equality or fails <= LEVEL)
    otherwise = guard.why if unmet else found.wide
    fails = max(fails, guard.p)
    if judge.equality:
        holds = max(holds, guard.p)
    return Finding(estimate, holds, fails, otherwise, on_holds, on_fails, sample.remark)


def _tested(sample: Sample, judge: Judge, unit: Unit = "points") -> Tested:
    return t_tests([part for block in sample.blocks for part in judge.parts(block)], unit)


@dataclass(frozen=True)
class _Guarded:
    """The p-value that all of some guards are met, why they may not be, and whether data lack."""

    p: float = 0.0
    why: str = ""
    lacking: bool = False


def _guarded(guards: Sequence[Guard], asked: Judge) -> _Guarded:
    """Of the guard that is met least well."""
    worst = _Guarded()
    for guard in guards:
        if guard.sample.reason:
            return _Guarded(1.0, f"{guard.says}: {guard.sample.reason}", lacking=True)
        found = _tested(guard.sample, asked)
        if found.inside > worst.p:
            worst = _Guarded(found.inside, f"{guard.says} {found.place}")
    return worst


def conclude(findings: Sequence[Finding]) -> list[Judged]:
    """The verdicts of a family of claims, those of one section.

    One of a claim's two p-values is of a wrong verdict, and is unlikely to be small. So the
    smaller one, adjusted, bounds the fraction of wrong verdicts of either kind. Claims that cannot
    be tested are not in the family. Adjustment only raises a p-value: claims that exclude each
    other cannot both hold, whatever their families.
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
            single = "holds" if holds else "does not hold"
            why = f"{single} by itself (p = {finding.p:.2g}), not as one of its section's {family}"
    return Judged(verdict, "; ".join(filter(None, (why, finding.remark))), raised)
