"""When a claim holds: where a difference has to lie, on average and at every compared round.

One margin divides all differences of accuracy in three. A is better than B if it is ahead by more
than the margin on average and nowhere behind by more; it is as good if it is within the margin at
every round, ahead or behind. So no two tickets can be both, and rounds in which A leads do not make
up for those in which it trails.
"""

import math
from dataclasses import dataclass, replace

from lottery.claims.comparisons import Block
from lottery.claims.evidence import MARGIN, Part

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Judge:
    """The bounds of the mean over rounds, and of each; or that one of them is `broken`."""

    mean: Bounds
    each: Bounds
    broken: bool = False

    @property
    def equality(self) -> bool:
        """Whether a difference of zero decides it: a claim of equality, or against one."""
        return all(low < 0 < high for low, high in (self.mean, self.each))

    def parts(self, block: Block) -> list[Part]:
        """What is to be tested."""
        if block.each.shape[1] == 1:  # a single round is its own mean
            low, high = zip(self.mean, self.each, strict=True)
            return [Part(block.each, block.places, max(low), min(high))]
        overall = Part(block.overall[:, None], (block.name,), *self.mean)
        each = Part(block.each, block.places, *self.each)
        return [overall, each] if block.places else [overall]


better = Judge(mean=(MARGIN, math.inf), each=(-MARGIN, math.inf))
as_good = Judge(mean=(-MARGIN, MARGIN), each=(-MARGIN, MARGIN))
no_worse = Judge(mean=(-MARGIN, math.inf), each=(-MARGIN, math.inf))
not_better = Judge(mean=(-math.inf, MARGIN), each=(-math.inf, MARGIN))
differs = replace(as_good, broken=True)
"""For claims that leave the direction open."""


def at_least(bound: float) -> Judge:
    """Whether it reaches a bound, at every round."""
    return Judge((bound, math.inf), (bound, math.inf))


def at_most(bound: float) -> Judge:
    """Whether it stays below a bound, at every round."""
    return Judge((-math.inf, bound), (-math.inf, bound))


def within(tolerance: float) -> Judge:
    """Whether it is less than a tolerance from 0, either way."""
    return Judge((-tolerance, tolerance), (-tolerance, tolerance))
