"""The sorted magnitudes of dense trained networks (Figures 6 and 9)."""

from lottery import paths
from lottery.errors import LotteryError
from lottery.figure_specs import SparsityTable
from lottery.tables import Read, Rows, about

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "network",
    "seed",
    "rank",
    "magnitude",
    "sparsity",
    "dead_taps",
    "zero_threshold",
]


def rows(figure: str, table: SparsityTable, results: str, read: Read) -> Rows:
    """One row per curve, seed and rank; all shares are 0..1.

    `sparsity` is that of |w| up to the zero threshold, `dead_taps` that of weights which only ever
    meet zero padding: they get no gradient, so that L2 alone moves them, to zero. If they
    are not prunable, they are not among the weights at all.
    """
    found = []
    for curve in table.curves:
        for seed in table.seeds:
            path = paths.sparsity(paths.dense(results, curve.chain.dense, seed))
            record = read(path, "sparsity", table.report(curve, seed))
            if record is None:
                continue
            result = record["result"]
            if "dead_taps" not in result:
                raise LotteryError(f"{path}: damaged: the report holds no dead_taps")
            dead = 0.0 if curve.chain.excluded_at else result["dead_taps"]["share"]
            sparsity = result["sparsity"][result["cuts"].index(table.zero_threshold)]
            found += [
                {
                    **about(figure, curve),
                    "seed": seed,
                    "rank": rank,
                    "magnitude": magnitude,
                    "sparsity": sparsity,
                    "dead_taps": dead,
                    "zero_threshold": table.zero_threshold,
                }
                for rank, magnitude in zip(result["ranks"], result["magnitudes"], strict=True)
            ]
    return found
