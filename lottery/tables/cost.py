"""The cost of finding tickets, and of finding and evaluating them: the paper's "5x faster"."""

from typing import Any

from lottery import reports
from lottery.errors import LotteryError
from lottery.figure_specs import CostTable, EvaluatedSpec
from lottery.specs import GenerateSpec
from lottery.tables import Read, Rows, about

COLUMNS = [
    "figure",
    "panel",
    "curve",
    "ticket",
    "network",
    "seed",
    "rounds",
    "inputs",
    "generation",
    "total",
]


def rows(figure: str, table: CostTable, results: str, read: Read) -> Rows:
    """One row per ticket and seed; times are hours that trainings held their device.

    `generation` is all that finding the ticket of the last round takes: the trainings of the rounds
    before it. `total` adds what evaluating the tickets of all shown rounds takes beyond that:
    nothing for a round whose own training is its evaluation. `inputs` are network inputs,
    that is images or views of them, that were learned from during generation.
    """
    found = []
    for curve in table.curves:
        for seed in table.seeds:
            generation = _generation(curve, seed, max(table.rounds), results, read)
            evaluated = _evaluation(curve, seed, table.rounds, results, read)
            if generation is None or evaluated is None:
                continue
            hours, inputs = generation
            found.append(
                {
                    **about(figure, curve),
                    "seed": seed,
                    "rounds": max(table.rounds),
                    "inputs": inputs,
                    "generation": hours,
                    "total": hours + evaluated,
                }
            )
    return found


def _generation(
    curve: EvaluatedSpec, seed: int, last: int, results: str, read: Read
) -> tuple[float, int] | None:
    """Hours and network inputs of rounds 0 to `last` - 1."""
    chain = curve.chain.with_seed(seed)
    hours, inputs = 0.0, 0
    for round in range(last):
        path = reports.generation(chain, round, results)
        record = read(path, "generation", GenerateSpec.of(chain, round))
        if record is None:
            return None
        hours += _hours(path, record)
        inputs += record["result"]["inputs"]
    return hours, inputs


def _evaluation(
    curve: EvaluatedSpec, seed: int, rounds: tuple[int, ...], results: str, read: Read
) -> float | None:
    """Hours of the evaluations that are not also trainings of the generation."""
    hours = 0.0
    for round in rounds:
        if curve.shares(round) and round < max(rounds):
            continue
        path = reports.report_path(curve, seed, round, results)
        record = read(path, *reports.made_by(curve, seed, round))
        if record is None:
            return None
        hours += _hours(path, record)
    return hours


def _hours(path: str, record: dict[str, Any]) -> float:
    """Device hours of a training, summed over devices and including runs that were stopped."""
    try:
        return float(record["result"]["device_seconds"]) / 3600
    except KeyError:
        raise LotteryError(f"{path}: damaged: the report holds no device_seconds") from None
