"""From one number per seed to an effect with its interval, and from that to a verdict."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
TOLERANCE = 1.0
"""Points by which a ticket may be worse than one that it is as good as."""
SMALLEST = 0.5
"""Points: the smallest effect of interest. What surely has less is not better."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, its standard error and the ends of its t interval.

    One seed has no error (NaN) and an interval without ends; no seed has no effect either (NaN).
    """

    effect: float
    error: float
    seeds: int
    lower: float
    upper: float

    @classmethod
    def of(cls, values: pd.Series) -> Self:
        """The estimate of one value per seed."""
        effect, seeds = float(values.mean()), len(values)
        if seeds < 2:
            return cls(effect, math.nan, seeds, -math.inf, math.inf)
        error = float(values.sem())
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1)) * error
        return cls(effect, error, seeds, effect - half, effect + half)

    def exponential(self) -> Self:
        """Of logarithms, the estimate of the ratio; its error is by the delta method."""
        ratio = math.exp(self.effect)
        ends = math.exp(self.lower), math.exp(self.upper)
        return type(self)(ratio, ratio * self.error, self.seeds, *ends)


Verdict = Literal["holds", "does not hold", "not enough data"]
Judge = Callable[[Estimate], Verdict]


def better(found: Estimate) -> Verdict:
    """Whether the effect is above 0."""
    return _verdict(found.lower > 0, found.upper < SMALLEST)


def differs(found: Estimate) -> Verdict:
    """Whether the effect is not 0, for claims that leave open in which direction."""
    return _verdict(
        found.lower > 0 or found.upper < 0,
        max(-found.lower, found.upper) < SMALLEST,
    )


def at_least(bound: float) -> Judge:
    """Whether the effect reaches a bound."""
    return lambda found: _verdict(found.lower >= bound, found.upper < bound)


def as_good(tolerance: float = TOLERANCE) -> Judge:
    """Whether the first is no worse than the second by more than a tolerance."""
    return at_least(-tolerance)


def within(tolerance: float) -> Judge:
    """Whether the effect is between the tolerance below 0 and that above."""
    return lambda found: _verdict(
        max(-found.lower, found.upper) <= tolerance,
        max(found.lower, -found.upper) > tolerance,
    )


def _verdict(holds: bool, fails: bool) -> Verdict:
    if holds:
        return "holds"
    return "does not hold" if fails else "not enough data"
