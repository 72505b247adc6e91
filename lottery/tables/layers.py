"""One row per curve, seed, round and layer: how pruning divides what remains among layers."""

from lottery.figure_specs import LayersTable
from lottery.tables import Read, Rows, about, evaluated

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "network",
    "seed",
    "round",
    "density",
    "layer",
    "place",
    "remaining",
    "total",
    "layer_density",
]


def rows(figure: str, table: LayersTable, results: str, read: Read) -> Rows:
    """One row per curve, seed, round and layer; shares are 0..1.

    A `layer` is named by its parameter, its `place` counts from the input, from 0. Of its `total`
    weights `remaining` are left, a share of `layer_density`; `density` is that of all layers that
    the ticket prunes. An imported ticket has one round, which is empty.

    Raises: LotteryError if a report says nothing of layers.
    """
    found = []
    for curve, seed, round, record in evaluated(table, results, read, {"density", "layers"}):
        result = record["result"]
        found += [
            {
                **about(figure, curve),
                "seed": seed,
                "round": round,
                "density": result["density"],
                "layer": layer,
                "place": place,
                "remaining": remaining,
                "total": total,
                "layer_density": remaining / total,
            }
            for place, (layer, (remaining, total)) in enumerate(result["layers"].items())
        ]
    return found
