"""A figure's table as claims read it: accuracies by ticket, seeds x rounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from lottery.claims.evidence import Numbers
from lottery.claims.rounds import left
from lottery.figure_specs import LIFELESS

EQUAL = "-equal"
"""What ends the name of a baseline that is trained as long as found tickets are, where another one
is trained as long as the paper's."""
ARRAYS = ("accuracy", "samples", "updates", "lifeless")


@dataclass(frozen=True)
class Curves:
    """The accuracies of tickets in one evaluation, in percent, and what else claims ask of them.

    `densities` (0..1) are those of the rounds, decreasing. An array of `accuracy` is seeds x
    rounds, NaN where missing; a ticket without any accuracy has none. So are those of the images
    (`samples`) and `updates` behind each network, and of `lifeless`, above 0 where it has learned
    nothing; without them nothing is known of these.
    """

    seeds: tuple[int, ...]
    densities: Numbers
    chance: float
    accuracy: Mapping[str, Numbers]
    samples: Mapping[str, Numbers] = field(default_factory=dict)
    updates: Mapping[str, Numbers] = field(default_factory=dict)
    lifeless: Mapping[str, Numbers] = field(default_factory=dict)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The rounds in words."""
        return tuple(f"at {left([density])}" for density in self.densities)

    def of_ticket(self, ticket: str, what: str = "accuracy") -> Numbers:
        """Its accuracies, or its `samples`, `updates` or `lifeless`; all NaN if it has none."""
        found: Numbers | None = getattr(self, what).get(ticket)
        return np.full((len(self.seeds), len(self.densities)), np.nan) if found is None else found

    def compared(self, ticket: str) -> str:
        """The ticket itself, or the twin that is trained as long as found tickets are."""
        twin = f"{ticket}{EQUAL}"
        return twin if twin in self.accuracy else ticket

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Curves":
        """From a table's rows of one evaluation, in which a ticket of two panels appears twice."""
        rows = rows.dropna(subset=["accuracy", "round"])  # imported tickets have no round
        rows = rows.assign(
            accuracy=100 * rows["accuracy"], lifeless=rows[list(LIFELESS)].max(axis=1)
        )
        densities = rows.groupby("round")["density"].mean()
        seeds = np.unique(rows["seed"])
        arrays: dict[str, dict[str, Numbers]] = {name: {} for name in ARRAYS}
        for ticket, own in rows.groupby("ticket"):
            means = own.groupby(["seed", "round"])[list(ARRAYS)].mean().unstack()
            for name in ARRAYS:
                places = means[name].reindex(index=seeds, columns=densities.index)
                arrays[name][str(ticket)] = places.to_numpy(dtype=float)
        chance = 100 * float(rows["chance"].max())
        return cls(tuple(int(s) for s in seeds), densities.to_numpy(), chance, **arrays)


@dataclass
class Table:
    """The table of a figure; its curves by evaluation are computed once, or passed in."""

    frame: pd.DataFrame
    given: dict[str, Curves] = field(default_factory=dict)

    def curves(self, evaluation: str) -> Curves:
        """The curves of one evaluation."""
        if evaluation not in self.given:
            self.given[evaluation] = Curves.of(self.frame[self.frame["evaluation"] == evaluation])
        return self.given[evaluation]

    def by_seed(self, ticket: str, column: str) -> pd.Series:
        """The mean of a number over a ticket's rows, per seed."""
        return self._by_ticket.get(ticket, self.frame.iloc[:0]).groupby("seed")[column].mean()

    @cached_property
    def _by_ticket(self) -> dict[str, pd.DataFrame]:
        return {str(ticket): rows for ticket, rows in self.frame.groupby("ticket")}
