"""What a claim compares: from a figure's table to one number per seed.

Tables are those of `lottery.tables`. A ticket, round or seed that a table lacks leaves fewer
numbers, or none; it is no error.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from lottery.claims.evidence import Estimate


@dataclass(frozen=True)
class Between:
    """The rounds that leave a share of the weights from `least` (0..1) to less than `below`."""

    words: str
    least: float
    below: float

    def of(self, densities: pd.Series) -> list[int]:
        """The rounds, of densities by round."""
        chosen = (densities >= self.least) & (densities < self.below)
        return densities.index[chosen].tolist()


@dataclass(frozen=True)
class Nearest:
    """The round that leaves about `density` (0..1), the nearest on a log axis."""

    density: float

    FACTOR: ClassVar[float] = 1.5
    """Farther away a round does not speak of that density any more."""

    @property
    def words(self) -> str:
        """For readers."""
        return _left([self.density])

    def of(self, densities: pd.Series) -> list[int]:
        """The round, of densities by round; none if it is too far away."""
        away = np.log(densities / self.density).abs()
        return [] if away.empty or away.min() > np.log(self.FACTOR) else [away.idxmin()]


Rounds = Between | Nearest


@dataclass(frozen=True)
class Tickets:
    """The tickets of one name in some rounds."""

    ticket: str
    at: Rounds


@dataclass(frozen=True)
class Gap:
    """Accuracy of `a` minus that of `b` in percentage points, judged alike.

    Paired by seed and, if both are of the same rounds, by round: only rounds that both have count.
    """

    evaluation: str
    a: Tickets
    b: Tickets

    unit: ClassVar[str] = "points"
    columns: ClassVar[tuple[str, ...]] = (
        "ticket", "evaluation", "seed", "round", "density", "accuracy"
    )  # fmt: skip

    def per_seed(self, table: pd.DataFrame) -> pd.Series:
        """Means over the rounds; a seed that lacks one of them is left out."""
        densities = self._densities(table)
        a, b = (
            self._accuracy(table, side.ticket)
            .reindex(columns=side.at.of(densities))
            .mean(axis=1, skipna=False)
            for side in (self.a, self.b)
        )
        return (a - b).dropna()

    def estimate(self, table: pd.DataFrame) -> Estimate:
        """Over the seeds, in points."""
        return Estimate.of(self.per_seed(table))

    def words(self, table: pd.DataFrame) -> str:
        """What was compared, or what was wanted where there is nothing."""
        densities = self._densities(table)
        left_a, left_b = (
            _left(densities.loc[side.at.of(densities)]) or side.at.words
            for side in (self.a, self.b)
        )
        if self.a.at == self.b.at:
            return f"{self.a.ticket} - {self.b.ticket}, {left_a}"
        return f"{self.a.ticket}, {left_a} - {self.b.ticket}, {left_b}"

    def _rows(self, table: pd.DataFrame, ticket: str) -> pd.DataFrame:
        rows = table[(table["ticket"] == ticket) & (table["evaluation"] == self.evaluation)]
        return rows.dropna(subset=["accuracy"])

    def _densities(self, table: pd.DataFrame) -> pd.Series:
        """By round, of the rounds that both have."""
        a, b = (
            self._rows(table, side.ticket).groupby("round")["density"].mean()
            for side in (self.a, self.b)
        )
        return a[a.index.isin(b.index)]

    def _accuracy(self, table: pd.DataFrame, ticket: str) -> pd.DataFrame:
        """Percent, seeds x rounds. A ticket of two panels stands twice in the table."""
        rows = self._rows(table, ticket)
        return 100 * rows.groupby(["seed", "round"])["accuracy"].mean().unstack()


@dataclass(frozen=True)
class Trend:
    """By how many points one gap is larger than another, paired by seed."""

    gap: Gap
    than: Gap

    unit: ClassVar[str] = "points"
    columns: ClassVar[tuple[str, ...]] = Gap.columns

    def estimate(self, table: pd.DataFrame) -> Estimate:
        """Over the seeds, in points."""
        return Estimate.of((self.gap.per_seed(table) - self.than.per_seed(table)).dropna())

    def words(self, table: pd.DataFrame) -> str:
        """What was compared."""
        return f"({self.gap.words(table)}) - ({self.than.words(table)})"


@dataclass(frozen=True)
class Sparsity:
    """Natural sparsity of a dense network minus that of another, or minus a number (percent)."""

    a: str
    b: str | float

    unit: ClassVar[str] = "points"
    columns: ClassVar[tuple[str, ...]] = ("ticket", "seed", "sparsity")

    def estimate(self, table: pd.DataFrame) -> Estimate:
        """Over the seeds, in points."""
        other = 100 * _by_seed(table, self.b, "sparsity") if isinstance(self.b, str) else self.b
        return Estimate.of((100 * _by_seed(table, self.a, "sparsity") - other).dropna())

    def words(self, table: pd.DataFrame) -> str:
        """What was compared."""
        other = self.b if isinstance(self.b, str) else f"{self.b:g} %"
        return f"sparsity of {self.a} - {other}"


@dataclass(frozen=True)
class Saving:
    """How many times as long as `b`'s tickets those of `a` take to find: geometric means."""

    a: str
    b: str

    unit: ClassVar[str] = "times"
    columns: ClassVar[tuple[str, ...]] = ("ticket", "seed", "generation")

    def estimate(self, table: pd.DataFrame) -> Estimate:
        """Over the seeds, a ratio."""
        spent = table[table["generation"] > 0]  # nothing is spent where only round 0 is judged
        a, b = (np.log(_by_seed(spent, side, "generation")) for side in (self.a, self.b))
        return Estimate.of((a - b).dropna()).exponential()

    def words(self, table: pd.DataFrame) -> str:
        """What was compared."""
        return f"{self.a} / {self.b}, hours to find"


Comparison = Gap | Trend | Sparsity | Saving


def _by_seed(table: pd.DataFrame, ticket: str, column: str) -> pd.Series:
    return table[table["ticket"] == ticket].groupby("seed")[column].mean()


def _left(densities: pd.Series | list[float]) -> str:
    """`6.9 % left`, `80 to 11 % left`; nothing for no densities."""
    if len(densities) == 0:
        return ""
    ends = (float(f"{100 * density:.2g}") for density in (max(densities), min(densities)))
    return f"{' to '.join(dict.fromkeys(f'{end:g}' for end in ends))} % left"
