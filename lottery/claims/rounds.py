"""Which rounds a claim speaks of: chosen by the share of the weights that is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lottery.claims.evidence import Numbers


@dataclass(frozen=True)
class Between:
    """The rounds that leave a share of the weights from `least` (0..1) to less than `below`."""

    words: str
    least: float
    below: float

    def of(self, densities: Numbers) -> list[int]:
        """The places of the rounds among all, of the densities of all."""
        return np.flatnonzero((densities >= self.least) & (densities < self.below)).tolist()


@dataclass(frozen=True)
class Nearest:
    """The round that leaves about `density` (0..1), the nearest on a log axis."""

    density: float

    FACTOR: ClassVar[float] = 1.5
    """Farther away a round does not speak of that density any more."""

    @property
    def words(self) -> str:
        """For readers."""
        return left([self.density])

    def of(self, densities: Numbers) -> list[int]:
        """The place of the round among all, of the densities of all; none if it is too far away."""
        away = np.abs(np.log(densities / self.density))
        if away.size == 0 or away.min() > np.log(self.FACTOR):
            return []
        return [int(away.argmin())]


Rounds = Between | Nearest


def left(densities: Sequence[float] | Numbers) -> str:
    """`6.9 % left`, `80 to 11 % left`; nothing for no densities."""
    if len(densities) == 0:
        return ""
    ends = (float(f"{100 * density:.2g}") for density in (max(densities), min(densities)))
    return f"{' to '.join(dict.fromkeys(f'{end:g}' for end in ends))} % left"
