"""The statistics: from numbers per seed to effects, intervals and p-values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Numbers = NDArray[np.float64]
Unit = Literal["points", "times"]

MARGIN = 1.0
"""A ticket is better if it is ahead by more than this, in points; otherwise two are as good.
Section 4.2 calls 1 to 4 points "a gap", so less than one is none."""
LEVEL = 0.05
"""Significance level of each one-sided test, and of a section's claims after adjustment."""
CONFIDENCE = 1 - 2 * LEVEL
"""Level of intervals: one within bounds is what two one-sided tests at `LEVEL` show (TOST)."""
FLOOR = 0.05
"""Least standard deviation over seeds (points, or logarithms of times): if two or three seeds
agree to the last digit, that is luck with a handful of test images, and no proof."""


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
    def of(cls, values: Numbers) -> Self:
        """The estimate of one value per seed."""
        if len(values) < 2:
            effect = float(values[0]) if len(values) else math.nan
            return cls(effect, math.nan, len(values), -math.inf, math.inf)
        effect = float(values.mean())
        error = float(values.std(ddof=1)) / math.sqrt(len(values))
        half = _quantile(len(values)) * error
        return cls(effect, error, len(values), effect - half, effect + half)

    def exponential(self) -> Self:
        """Of logarithms, the estimate of the ratio; its error is by the delta method."""
        ratio = math.exp(self.effect)
        ends = math.exp(self.lower), math.exp(self.upper)
        return type(self)(ratio, ratio * self.error, self.seeds, *ends)


@dataclass(frozen=True)
class Part:
    """Numbers, seeds x places, of which each place's true mean is to lie between two bounds."""

    values: Numbers
    places: tuple[str, ...]
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Tested:
    """p-values that numbers are within their bounds (`inside`), and that they are not (`outside`).

    The texts are about the bound that is met least well: where it is, its mean and its interval.
    """

    inside: float
    outside: float
    place: str
    broken: str
    wide: str


def t_tests(parts: Sequence[Part], unit: Unit) -> Tested:
    """One-sided t tests over seeds, two or more, of every place against every bound.

    That all bounds are met is an intersection-union test: its p-value is the largest of all and
    needs no correction. That one is broken needs Bonferroni's: over the parts, and over the tests
    within a part, so that the mean over rounds keeps half the weight however many rounds there are.
    """
    found = [_each(part) for part in parts]
    outside = min(len(found) * p.size * (1 - p.max()) for p, *_ in found)
    index = max(range(len(found)), key=lambda i: found[i][0].max())
    p, means, errors, sides = found[index]
    part = parts[index]
    side, place = np.unravel_index(p.argmax(), p.shape)
    sign, bound = sides[side]
    half = _quantile(len(part.values)) * errors[place]
    mean, lower, upper = (_shown(means[place] + d, unit) for d in (0, -half, half))
    asked = f"{'above' if sign > 0 else 'below'} {_bound(bound, unit)}"
    return Tested(
        inside=float(p.max()),
        outside=float(min(1, outside)),
        place=part.places[place],
        broken=f"{part.places[place]}: {mean}, not {asked}",
        wide=f"{part.places[place]}: {lower} to {upper}, not clearly {asked}",
    )


def _each(part: Part) -> tuple[Numbers, Numbers, Numbers, list[tuple[int, float]]]:
    """p-values, bounds x places, that each is met; means, their errors, and the bounds."""
    seeds = len(part.values)
    means = part.values.mean(axis=0)
    errors = np.maximum(part.values.std(axis=0, ddof=1), FLOOR) / math.sqrt(seeds)
    sides = [(s, b) for s, b in ((1, part.low), (-1, part.high)) if math.isfinite(b)]
    slack = np.stack([sign * (means - bound) for sign, bound in sides])
    # Student's t: what `stats.t.sf` calls, which is a hundred times slower on so few numbers.
    return special.stdtr(seeds - 1, -slack / errors), means, errors, sides


@cache
def _quantile(seeds: int) -> float:
    """Half the width of an interval, in standard errors."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1))


def adjusted(p: Sequence[float]) -> list[float]:
    """p-values of a family, adjusted by Benjamini-Hochberg, which bounds the false discovery rate.

    Holm would bound the chance of a single false discovery. But a section has up to thirty claims,
    and its reader asks what fraction of the verdicts is wrong. Three seeds have little power with
    Holm: the first of thirty p-values takes intervals 5.9 times as wide as a single test.
    """
    return stats.false_discovery_control(p, method="bh").tolist() if len(p) else []


def _shown(value: float, unit: Unit) -> str:
    return f"{value:+.2f}" if unit == "points" else f"{math.exp(value):.2f}"


def _bound(value: float, unit: Unit) -> str:
    return f"{value:+g}" if unit == "points" else f"{math.exp(value):g}"
