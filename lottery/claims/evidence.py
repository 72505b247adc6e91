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
"""Points by which a ticket that is better is ahead; with less between them two are as good.
Section 4.2 calls 1 to 4 points "a gap", so that less than one is none."""
LEVEL = 0.05
"""Of each one-sided test, and of the adjustment for all claims of a section."""
CONFIDENCE = 1 - 2 * LEVEL
"""Of intervals: one that lies within bounds is what two one-sided tests at `LEVEL` show (TOST)."""
FLOOR = 0.05
"""No standard deviation over seeds counts as less (points, or logarithms of times): that two or
three seeds agree to the last digit is luck, a handful of test images, and no proof."""


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

    For readers, of the bound that is kept least well: where, and its mean and interval beside it.
    """

    inside: float
    outside: float
    place: str
    broken: str
    wide: str


def t_tests(parts: Sequence[Part], unit: Unit) -> Tested:
    """One-sided t tests over seeds, two or more, of every place against every bound.

    That all bounds are kept is an intersection-union test: its p-value is the largest of all and
    needs no correction. That one is broken takes Bonferroni's: over the parts, and over the tests
    within a part, so that many rounds leave what their mean shows at half its weight.
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
    """p-values, bounds x places, that each is kept; means, their errors, and the bounds."""
    seeds = len(part.values)
    means = part.values.mean(axis=0)
    errors = np.maximum(part.values.std(axis=0, ddof=1), FLOOR) / math.sqrt(seeds)
    sides = [(s, b) for s, b in ((1, part.low), (-1, part.high)) if math.isfinite(b)]
    slack = np.stack([sign * (means - bound) for sign, bound in sides])
    # Student's t: what `stats.t.sf` calls, which takes a hundred times as long over so few numbers.
    return special.stdtr(seeds - 1, -slack / errors), means, errors, sides


@cache
def _quantile(seeds: int) -> float:
    """Half the width of an interval, in standard errors."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1))


def adjusted(p: Sequence[float]) -> list[float]:
    """p-values of a family, each raised as Benjamini and Hochberg do, who bound wrong discoveries.

    Why not Holm, who bounds the chance of a single one: a section has up to thirty claims, and what
    its reader asks is which share of the verdicts is wrong. Three seeds could hardly answer Holm:
    the first of thirty p-values takes intervals 5.9 times as wide as one alone.
    """
    return stats.false_discovery_control(p, method="bh").tolist() if len(p) else []


def _shown(value: float, unit: Unit) -> str:
    return f"{value:+.2f}" if unit == "points" else f"{math.exp(value):.2f}"


def _bound(value: float, unit: Unit) -> str:
    return f"{value:+g}" if unit == "points" else f"{math.exp(value):g}"
