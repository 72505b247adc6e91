"""One row per curve, seed and round: the accuracy of that ticket (Figures 1-5, 7 and 8)."""

from lottery import reports, words
from lottery.errors import LotteryError
from lottery.figure_specs import AccuracyTable
from lottery.tables import Read, Rows

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
    "chance",
    "accuracy",
    "loss",
    "empty_layers",
    "seconds",
]


def rows(figure: str, table: AccuracyTable, results: str, read: Read) -> Rows:
    """One row per curve, seed and round; all shares are 0..1.

    `density` is what remains of the weights that the ticket prunes, `network_density` what remains
    of all prunable weights: another number where only the first convolutions are pruned (Figures 2
    and 8). `chance` is the accuracy of guessing. An imported ticket has one row a seed, whose
    `round` is empty.
    """
    found = []
    for curve in table.curves:
        for seed in table.seeds:
            for round in reports.rounds(curve, table):
                path = reports.report_path(curve, seed, round, results)
                record = read(path, *reports.made_by(curve, seed, round))
                if record is None:
                    continue
                result = record["result"]
                absent = {"remaining", "total", "prunable", "density", "test"} - result.keys()
                if absent:
                    raise LotteryError(
                        f"{path}: damaged: the report holds no {', '.join(sorted(absent))}"
                    )
                kept = result["remaining"] + result["prunable"] - result["total"]
                found.append(
                    {
                        "figure": figure,
                        "panel": curve.panel,
                        "curve": curve.curve,
                        "ticket": curve.chain.ticket,
                        "network": words.network(curve.chain.architecture),
                        "evaluation": curve.evaluation,
                        "seed": seed,
                        "round": "" if curve.chain.imported else round,
                        "remaining": result["remaining"],
                        "total": result["total"],
                        "density": result["density"],
                        "network_density": kept / result["prunable"],
                        "chance": 1 / curve.dataset.classes,
                        "accuracy": result["test"]["accuracy"],
                        "loss": result["test"]["loss"],
                        "empty_layers": len(result["empty_layers"]),
                        "seconds": record["seconds"],
                    }
                )
    return found
