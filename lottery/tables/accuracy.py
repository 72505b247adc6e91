"""One row per curve, seed and round: the accuracy of that ticket (Figures 1-5, 7 and 8)."""

from lottery.figure_specs import LIFELESS, AccuracyTable
from lottery.tables import Read, Rows, about, evaluated

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "network",
    "evaluation",
    "seed",
    "round",
    "remaining",
    "total",
    "density",
    "network_density",
    "effective_density",
    "updates",
    "samples",
    "chance",
    "accuracy",
    "loss",
    "empty_layers",
    "dead",
    "stalled",
    "collapsed",
    "seconds",
]

BEHIND = ("updates", "samples")
"""Columns that are empty where nobody knows them."""
NEEDED = {
    "remaining", "total", "prunable", "density", "effective", "updates", "samples", "test"
}  # fmt: skip


def rows(figure: str, table: AccuracyTable, results: str, read: Read) -> Rows:
    """One row per curve, seed and round; all shares are 0..1.

    `density` is what remains of the weights that the ticket prunes, `network_density` what remains
    of all prunable weights: another number where only the first convolutions are pruned (Figures 2
    and 8), `effective_density` what of the former lies on a path from the input to an output.
    `updates` and `samples` (images seen) are all that a network has behind it: until W_k, and of
    its evaluation; of an imported ticket nobody knows them. `chance` is the accuracy of the best
    constant answer. `dead`, `stalled` and `collapsed` are 1 where a network gives one answer, has
    the loss of one, or has one embedding for all images. An imported ticket has one row a seed,
    whose `round` is empty.
    """
    found = []
    for curve, seed, round, record in evaluated(table, results, read, NEEDED):
        result, test = record["result"], record["result"]["test"]
        kept = result["remaining"] + result["prunable"] - result["total"]
        found.append(
            {
                **about(figure, curve),
                "evaluation": curve.evaluation,
                "seed": seed,
                "round": round,
                "remaining": result["remaining"],
                "total": result["total"],
                "density": result["density"],
                "network_density": kept / result["prunable"],
                "effective_density": result["effective"] / result["total"],
                **{n: "" if result[n] is None else result[n] for n in BEHIND},
                "chance": test["chance"],
                "accuracy": test["accuracy"],
                "loss": test["loss"],
                "empty_layers": len(result["empty_layers"]),
                **{name: int(test[name]) for name in LIFELESS},
                "seconds": record["seconds"],
            }
        )
    return found
