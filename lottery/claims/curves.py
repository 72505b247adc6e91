"""A figure's table as claims read it: accuracies by ticket, seeds x rounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from lottery.claims.evidence import Numbers
from lottery.claims.rounds import left


@dataclass(frozen=True)
class Curves:
    """The accuracies of tickets in one evaluation, in percent.

    `densities` (0..1) are those of the rounds, decreasing. An array of `accuracy` is seeds x
    rounds, NaN where missing; a ticket without any accuracy has none.
    """

    seeds: tuple[int, ...]
    densities: Numbers
    chance: float
    accuracy: Mapping[str, Numbers]

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The rounds in words."""
        return tuple(f"at {left([density])}" for density in self.densities)

    def of_ticket(self, ticket: str) -> Numbers:
        """Its accuracies, all NaN if it has none."""
        nothing = np.full((len(self.seeds), len(self.densities)), np.nan)
        return self.accuracy.get(ticket, nothing)

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Curves":
        """From a table's rows of one evaluation, in which a ticket of two panels appears twice."""
        rows = rows.dropna(subset=["accuracy", "round"])  # imported tickets have no round
        densities = rows.groupby("round")["density"].mean()
        seeds = np.unique(rows["seed"])
        by_ticket = {
            ticket: 100
            * own.groupby(["seed", "round"])["accuracy"]
            .mean()
            .unstack()
            .reindex(index=seeds, columns=densities.index)
            .to_numpy(dtype=float)
            for ticket, own in rows.groupby("ticket")
        }
        chance = 100 * float(rows["chance"].max())
        return cls(tuple(int(seed) for seed in seeds), densities.to_numpy(), chance, by_ticket)


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
