"""What a claim compares: from a figure's table to numbers per seed.

Tables are those of `lottery.tables`. Missing rows are no error: the sample says what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd

from lottery.claims.curves import Curves, Table
from lottery.claims.evidence import MARGIN, Numbers, Unit
from lottery.claims.rounds import Rounds, left
from lottery.figure_specs import BUDGET, LIFELESS


@dataclass(frozen=True)
class Block:
    """Numbers of one kind: `overall` (seeds), and at each of some places (seeds x places)."""

    name: str
    overall: Numbers
    places: tuple[str, ...]
    each: Numbers


@dataclass(frozen=True)
class Sample:
    """The numbers that a claim is judged by; the first block's overall one is the reported effect.

    `lacking` says why there is nothing to judge, `remark` what else readers should know.
    """

    seeds: tuple[int, ...]
    blocks: tuple[Block, ...]
    lacking: str = ""
    remark: str = ""

    @property
    def reason(self) -> str:
        """Why it cannot be judged; empty if it can."""
        if len(self.seeds) > 1:
            return self.lacking
        return self.lacking or ("one seed" if self.seeds else "no seed has all that is compared")

    def of(self, seeds: Sequence[int]) -> "Sample":
        """The sample reduced to these seeds."""
        kept = np.isin(self.seeds, seeds)
        blocks = (
            replace(block, overall=block.overall[kept], each=block.each[kept])
            for block in self.blocks
        )
        return replace(self, seeds=tuple(seeds), blocks=tuple(blocks))


@dataclass(frozen=True)
class Guard:
    """What has to be shown before two tickets may be called equal; `says` what is wrong if not."""

    says: str
    sample: Sample


SPARSE = 0.15
"""Section 4.5 adjusts the random baseline "when less than 15% of the weights remain"."""


@dataclass(frozen=True)
class Tickets:
    """The tickets of one name in some rounds; those of `adjusted` where few weights remain."""

    ticket: str
    at: Rounds
    adjusted: str | None = None

    def names(self, curves: Curves) -> list[str]:
        """The ticket of each of its rounds: a twin of equal budget where there is one."""
        sparse = curves.densities[self.at.of(curves.densities)] < SPARSE
        return [
            curves.compared(self.adjusted if self.adjusted and few else self.ticket)
            for few in sparse
        ]

    def array(self, curves: Curves, what: str = "accuracy") -> Numbers:
        """Their accuracies, or what else `Curves` has of them: seeds x its rounds."""
        rounds = self.at.of(curves.densities)
        names = np.array(self.names(curves), dtype=object)
        found = np.empty((len(curves.seeds), len(rounds)))
        for name in dict.fromkeys(names):
            own = names == name
            found[:, own] = curves.of_ticket(name, what)[:, rounds][:, own]
        return found

    def words(self, curves: Curves) -> str:
        """Their name, or names."""
        names = list(dict.fromkeys(self.names(curves)))
        return " and ".join(names) or self.ticket


@dataclass(frozen=True)
class Gap:
    """Accuracy of `a` minus that of `b` in percentage points, in one evaluation, paired by seed.

    Paired by round too if both are of the same rounds; otherwise one of them is a single round.
    `reference` is the ticket that both are compared with: if it is at chance, or not above its
    `random` baseline (unless that is None), equal accuracies prove nothing. With `any_budget` the
    two may have more or less training behind them: that is what is claimed to matter.
    """

    evaluation: str
    a: Tickets
    b: Tickets
    reference: Tickets
    random: Tickets | None
    any_budget: bool = False

    unit: ClassVar[Unit] = "points"
    columns: ClassVar[tuple[str, ...]] = (
        "ticket", "evaluation", "seed", "round", "density", "accuracy", "chance", "samples",
        "updates", *LIFELESS,
    )  # fmt: skip

    def sample(self, table: Table) -> Sample:
        """The gap at each of the claimed rounds that the table has.

        All of them count: if a ticket lacks one it cannot be judged, if a seed does it is left out.
        Nor is it judged if a network of it has learned nothing: without its seed the others would
        be those that chance has spared.
        """
        return _minus(table.curves(self.evaluation), self.a, self.b, self.any_budget)

    def above_chance(self, table: Table) -> list[Guard]:
        """The reference's lead over guessing."""
        curves = table.curves(self.evaluation)
        says = f"{self.reference.ticket} not clearly above chance ({curves.chance:.3g} %)"
        return [Guard(says, _minus(curves, self.reference, None))]

    def above_random(self, table: Table) -> list[Guard]:
        """The reference's lead over its random baseline."""
        if self.random is None:
            return []
        curves = table.curves(self.evaluation)
        reference, random = self.reference.words(curves), self.random.words(curves)
        if self.reference.at != self.random.at:
            reference = f"{reference} with {self.reference.at.words}"
        says = f"{reference} not clearly above {random}"
        return [Guard(says, _minus(curves, self.reference, self.random))]

    def words(self, table: Table) -> str:
        """What was compared, or what should have been if there is nothing."""
        curves = table.curves(self.evaluation)
        left_a, left_b = (
            left(curves.densities[side.at.of(curves.densities)]) or side.at.words
            for side in (self.a, self.b)
        )
        a, b = self.a.words(curves), self.b.words(curves)
        if self.a.at == self.b.at:
            return f"{a} - {b}, {left_a}"
        return f"{a}, {left_a} - {b}, {left_b}"

    def note(self, table: Table) -> str:
        """Which round was judged, where it is not the one that the claim names."""
        return self.a.at.note(table.curves(self.evaluation).densities)


@dataclass(frozen=True)
class Growth:
    """A gap that grows along several gaps, paired by seed.

    Overall the last is compared with the first; in each other pair, the later with the earlier. The
    claim's bounds hold for the last gap too: one that shrinks from -9 to -2 has not grown.
    """

    gaps: tuple[Gap, ...]
    names: tuple[str, ...]

    unit: ClassVar[Unit] = "points"
    columns: ClassVar[tuple[str, ...]] = Gap.columns

    def sample(self, table: Table) -> Sample:
        """The growth, and the last gap."""
        samples = [gap.sample(table) for gap in self.gaps]
        lacking = next((sample.reason for sample in samples if sample.reason), "")
        common = sorted(set.intersection(*(set(sample.seeds) for sample in samples)))
        samples = [sample.of(common) for sample in samples]
        means = [sample.blocks[0].overall for sample in samples]
        first, last = 0, len(self.gaps) - 1
        steps = [pair for pair in combinations(range(last + 1), 2) if pair != (first, last)]
        growth = Block(
            f"growth from {self.names[first]} to {self.names[last]}",
            means[last] - means[first],
            tuple(f"growth from {self.names[i]} to {self.names[j]}" for i, j in steps),
            np.stack([means[j] - means[i] for i, j in steps], axis=1)
            if steps
            else np.empty((len(common), 0)),
        )
        blocks = (growth, *samples[last].blocks)
        remark = "; ".join(dict.fromkeys(sample.remark for sample in samples if sample.remark))
        return Sample(tuple(common), blocks, lacking, remark)

    def above_chance(self, table: Table) -> list[Guard]:
        """The guards of all gaps."""
        return [guard for gap in self.gaps for guard in gap.above_chance(table)]

    def above_random(self, table: Table) -> list[Guard]:
        """The guards of all gaps."""
        return [guard for gap in self.gaps for guard in gap.above_random(table)]

    def words(self, table: Table) -> str:
        """What was compared."""
        return " < ".join(f"({gap.words(table)})" for gap in self.gaps)

    def note(self, table: Table) -> str:
        """Nothing: it names no single round."""
        return ""


@dataclass(frozen=True)
class Sparsity:
    """Natural sparsity of a dense network minus that of another, or minus a number (percent)."""

    a: str
    b: str | float

    unit: ClassVar[Unit] = "points"
    columns: ClassVar[tuple[str, ...]] = ("ticket", "seed", "sparsity", "dead_taps")

    def sample(self, table: Table) -> Sample:
        """The difference in percentage points of all prunable weights.

        Weights that only ever meet padding go to zero whatever a network learns. If these are
        more than the margin, sparsity says nothing about what was learned.
        """
        both = [self.a, self.b] if isinstance(self.b, str) else [self.a]
        found = [100 * table.by_seed(ticket, "sparsity") for ticket in both]
        other = found[1] if len(found) > 1 else self.b
        dead = [100 * table.by_seed(ticket, "dead_taps").max() for ticket in both]
        lacking = _absent(both, found) or next(
            (
                f"{share:.0f} % of the weights of {ticket} only ever meet padding"
                for ticket, share in zip(both, dead, strict=True)
                if not share <= MARGIN
            ),
            "",
        )
        return _per_seed("sparsity", (found[0] - other).dropna(), lacking)

    def above_chance(self, table: Table) -> list[Guard]:
        """None: no accuracy is compared."""
        return []

    above_random = above_chance

    def words(self, table: Table) -> str:
        """What was compared."""
        other = self.b if isinstance(self.b, str) else f"{self.b:g} %"
        return f"sparsity of {self.a} - {other}"

    def note(self, table: Table) -> str:
        """Nothing: it names no round."""
        return ""


@dataclass(frozen=True)
class Saving:
    """The time to find `a`'s tickets over that to find `b`'s: geometric means."""

    a: str
    b: str

    unit: ClassVar[Unit] = "times"
    columns: ClassVar[tuple[str, ...]] = ("ticket", "seed", "generation", "inputs")

    def sample(self, table: Table) -> Sample:
        """The logarithm of the ratio; no time is spent if only round 0 is evaluated.

        What the recipes alone imply, by the network inputs that are learned from, is remarked.
        """
        both = [self.a, self.b]
        hours = [table.by_seed(ticket, "generation") for ticket in both]
        hours = [spent[spent > 0] for spent in hours]
        logs = (np.log(hours[0]) - np.log(hours[1])).dropna()
        found = _per_seed("time", logs, _absent(both, hours))
        inputs = [table.by_seed(ticket, "inputs").mean() for ticket in both]
        times = f"{inputs[0] / inputs[1]:.2f}" if len(logs) else ""
        implied = f"the recipes imply {times} times fewer network inputs" if times else ""
        return replace(found, remark=implied)

    def above_chance(self, table: Table) -> list[Guard]:
        """None: no accuracy is compared."""
        return []

    above_random = above_chance

    def words(self, table: Table) -> str:
        """What was compared."""
        return f"{self.a} / {self.b}, hours to find"

    def note(self, table: Table) -> str:
        """Nothing: it names no round."""
        return ""


Comparison = Gap | Growth | Sparsity | Saving


def _minus(curves: Curves, a: Tickets, b: Tickets | None, any_budget: bool = False) -> Sample:
    """The accuracy of one minus that of another, or minus chance, at each of their rounds."""
    sides = [a] if b is None else [a, b]
    rounds = [side.at.of(curves.densities) for side in sides]
    lacking = next(filter(None, map(_lacking, [curves] * 2, sides, rounds)), "")
    if not all(rounds):
        return Sample((), (Block("on average", np.empty(0), (), np.empty((0, 0))),), lacking)
    lacking = lacking or next(filter(None, map(_lifeless, [curves] * 2, sides)), "")
    images = "" if b is None else _other_budget(curves, a, b, "samples", "images")
    updates = "" if b is None else _other_budget(curves, a, b, "updates", "updates")
    lacking = lacking or ("" if any_budget else images)
    found = [side.array(curves) for side in sides]
    values = found[0] - (curves.chance if b is None else found[1])
    complete = ~np.isnan(values).any(axis=1)
    begun = np.any([~np.isnan(own).all(axis=1) for own in found], axis=0)
    seeds = np.array(curves.seeds, dtype=int)
    left_out = ", ".join(map(str, seeds[begun & ~complete]))
    remarks = [
        f"without seed {left_out}, which lacks rounds" if left_out else "",
        f"{images}, which is what is claimed to matter" if any_budget and images else updates,
    ]
    places = tuple(curves.places[round] for round in max(rounds, key=len))
    values = values[complete]
    return Sample(
        tuple(seeds[complete].tolist()),
        (Block("on average", values.mean(axis=1), places, values),),
        lacking,
        "" if lacking else "; ".join(filter(None, remarks)),
    )


def _lacking(curves: Curves, side: Tickets, rounds: list[int]) -> str:
    names = dict.fromkeys(side.names(curves) or [curves.compared(side.ticket)])
    absent = [name for name in names if name not in curves.accuracy]
    if absent:
        return f"no results of {absent[0]}"
    if not rounds:
        return f"no round with {side.at.words}"
    missing = np.isnan(side.array(curves)).all(axis=0)
    gaps = left(curves.densities[rounds][missing])
    return f"missing rounds: {side.words(curves)}, {gaps}" if gaps else ""


def _lifeless(curves: Curves, side: Tickets) -> str:
    """The first network of some tickets that has learned nothing."""
    dead = np.argwhere(side.array(curves, "lifeless") > 0)
    if not len(dead):
        return ""
    seed, place = dead[0]
    name, where = side.names(curves)[place], curves.places[side.at.of(curves.densities)[place]]
    more = f", and {len(dead) - 1} more of it" if len(dead) > 1 else ""
    return f"{name}, seed {curves.seeds[seed]}, has learned nothing {where}{more}"


def _other_budget(curves: Curves, a: Tickets, b: Tickets, what: str, unit: str) -> str:
    """The two networks of a seed, one of each, whose training differs most, if it does by too much.

    Empty where it does not, and where nothing is known of it.
    """
    one, other = np.broadcast_arrays(a.array(curves, what), b.array(curves, what))
    apart = np.nan_to_num(np.abs(np.log(one / other)))
    if apart.max(initial=0) <= np.log1p(BUDGET):
        return ""
    most = np.unravel_index(apart.argmax(), apart.shape)
    name_a, name_b = (np.broadcast_to(s.names(curves), one.shape[1])[most[1]] for s in (a, b))
    return (
        f"other budgets: {name_a} has {one[most]:,.0f} {unit} behind it, "
        f"{name_b} {other[most]:,.0f}"
    )


def _absent(tickets: list[str], found: list[pd.Series]) -> str:
    absent = [t for t, values in zip(tickets, found, strict=True) if not values.notna().any()]
    return f"no results of {', '.join(absent)}" if absent else ""


def _per_seed(name: str, values: pd.Series, lacking: str) -> Sample:
    """A sample of one number per seed."""
    numbers = values.to_numpy(dtype=float)
    block = Block(name, numbers, (name,), numbers[:, None])
    return Sample(tuple(int(seed) for seed in values.index), (block,), lacking)
