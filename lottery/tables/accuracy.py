"""One row per curve, seed and round: how well that ticket does (Figures 1-5, 7 and 8)."""

from lottery import reports
from lottery.errors import LotteryError
from lottery.figure_specs import AccuracyTable
from lottery.tables import Read, Rows

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "evaluation",
    "seed",
    "round",
    "remaining",
    "total",
    "density",
    "accuracy",
    "loss",
    "empty_layers",
    "seconds",
]


def rows(figure: str, table: AccuracyTable, results: str, read: Read) -> Rows:
    """Density is the share of the prunable weights that remain, 0..1, as is accuracy."""
    found = []
    for curve in table.curves:
        for seed in table.seeds:
            for round in table.rounds:
                path = reports.report_path(curve, seed, round, results)
                record = read(path, *reports.made_by(curve, seed, round))
                if record is None:
                    continue
                result = record["result"]
                if not {"remaining", "total", "density", "test"} <= result.keys():
                    raise LotteryError(f"{path}: damaged: the report holds no accuracy")
                found.append(
                    {
                        "figure": figure,
                        "panel": curve.panel,
                        "curve": curve.curve,
                        "ticket": curve.chain.ticket,
                        "evaluation": curve.evaluation,
                        "seed": seed,
                        "round": round,
                        "remaining": result["remaining"],
                        "total": result["total"],
                        "density": result["density"],
                        "accuracy": result["test"]["accuracy"],
                        "loss": result["test"]["loss"],
                        "empty_layers": len(result["empty_layers"]),
                        "seconds": record["seconds"],
                    }
                )
    return found
