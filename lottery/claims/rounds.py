"""Which rounds a claim is about, chosen by their density."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lottery.claims.evidence import Numbers


@dataclass(frozen=True)
class Between:
    """The rounds of a density from `least` (0..1) to less than `below`."""

    words: str
    least: float
    below: float

    def of(self, densities: Numbers) -> list[int]:
        """The indices of these rounds, given the densities of all."""
        return np.flatnonzero((densities >= self.least) & (densities < self.below)).tolist()

    def note(self, densities: Numbers) -> str:
        """Nothing: all rounds that it names are judged."""
        return ""


@dataclass(frozen=True)
class Nearest:
    """The round whose density is nearest to `density` (0..1) on a log axis."""

    density: float

    FACTOR: ClassVar[float] = 1.5
    """A round farther away no longer counts as being of that density."""

    @property
    def words(self) -> str:
        """For readers."""
        return left([self.density])

    def of(self, densities: Numbers) -> list[int]:
        """The index of the round, given the densities of all; none if it is too far away."""
        away = np.abs(np.log(densities / self.density))
        if away.size == 0 or away.min() > np.log(self.FACTOR):
            return []
        return [int(away.argmin())]

    def note(self, densities: Numbers) -> str:
        """Which round is judged, given the densities of all, if it is not the one that is meant."""
        judged = left(densities[self.of(densities)])
        return "" if judged in ("", self.words) else f" (judged at {judged})"


Rounds = Between | Nearest


def left(densities: Sequence[float] | Numbers) -> str:
    """`6.9 % left`, `80 to 11 % left`; empty without densities."""
    if len(densities) == 0:
        return ""
    ends = (float(f"{100 * density:.2g}") for density in (max(densities), min(densities)))
    return f"{' to '.join(dict.fromkeys(f'{end:g}' for end in ends))} % left"
