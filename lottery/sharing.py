"""How many trainings figures would need if none were shared."""

from collections.abc import Iterable

from lottery.config import Config
from lottery.figure_specs import AccuracyTable, SparsityTable
from lottery.reports import rounds


def without_sharing(config: Config, figures: Iterable[str]) -> int:
    """Trainings if each curve had a chain of its own, and each of its tickets an evaluation.

    A curve of a found ticket takes the generation of all rounds before the last one evaluated, and
    an evaluation of each round shown; an adjusted random one the dense training that it reads.
    A cost table takes nothing of its own: it reports what the other figures took.
    """
    count = 0
    for figure in figures:
        table = config.aggregate(figure).table
        if isinstance(table, SparsityTable):
            count += len(table.curves) * len(table.seeds)
        if isinstance(table, AccuracyTable):
            for curve in table.curves:
                baseline = curve.chain.baseline
                generation = 0 if curve.chain.imported else max(table.rounds)
                if baseline:
                    generation = 0 if baseline.of is None else 1
                count += len(table.seeds) * (generation + len(rounds(curve, table)))
    return count
