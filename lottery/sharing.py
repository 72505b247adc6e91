"""How many trainings figures would need if none were shared."""

from collections.abc import Iterable

from lottery.config import Config
from lottery.figure_specs import AccuracyTable, LayersTable, SparsityTable
from lottery.reports import rounds


def without_sharing(config: Config, figures: Iterable[str]) -> int:
    """Trainings if each curve had a chain of its own, and each of its tickets an evaluation.

    A curve of a found ticket takes the generation of all rounds before the last one evaluated, and
    an evaluation of each round shown; a random one the dense training whose W_k or natural zeros it
    reads, if any, and a shuffled or reinitialised one the generation of the ticket whose masks it
    reads.
    A cost table takes nothing of its own: it reports what the other figures took.
    """
    count = 0
    for figure in figures:
        table = config.aggregate(figure).table
        if isinstance(table, SparsityTable):
            count += len(table.curves) * len(table.seeds)
        if isinstance(table, AccuracyTable | LayersTable):
            for curve in table.curves:
                baseline = curve.chain.baseline
                generation = max(table.rounds)
                if curve.chain.imported or (baseline and baseline.of is None):
                    generation = 0
                elif baseline and baseline.kind in ("random", "adjusted-random"):
                    generation = 1
                count += len(table.seeds) * (generation + len(rounds(curve, table)))
    return count
