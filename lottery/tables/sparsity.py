"""The sorted magnitudes of dense trained networks (Figures 6 and 9)."""

from lottery import paths
from lottery.figure_specs import SparsityTable
from lottery.tables import Read, Rows

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "seed",
    "rank",
    "magnitude",
    "sparsity",
    "zero_threshold",
]


def rows(figure: str, table: SparsityTable, results: str, read: Read) -> Rows:
    """One row per curve, seed and rank; `sparsity` is the share of |w| up to the zero threshold."""
    found = []
    for curve in table.curves:
        for seed in table.seeds:
            name = curve.chain.dense().ticket
            path = paths.sparsity(results, name, seed)
            record = read(path, "sparsity", table.report(curve, seed))
            if record is None:
                continue
            result = record["result"]
            sparsity = result["sparsity"][result["cuts"].index(table.zero_threshold)]
            found += [
                {
                    "figure": figure,
                    "panel": curve.panel,
                    "curve": curve.curve,
                    "ticket": curve.chain.ticket,
                    "seed": seed,
                    "rank": rank,
                    "magnitude": magnitude,
                    "sparsity": sparsity,
                    "zero_threshold": table.zero_threshold,
                }
                for rank, magnitude in zip(result["ranks"], result["magnitudes"], strict=True)
            ]
    return found
