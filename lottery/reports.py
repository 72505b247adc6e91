"""Which reports a figure is made from."""

from lottery import paths
from lottery.figure_specs import (
    AccuracyTable,
    AggregateSpec,
    CostTable,
    EvaluatedSpec,
    LayersTable,
    SparsityTable,
)
from lottery.specs import Chain, EvaluateSpec, GenerateSpec, Spec


def generation(chain: Chain, round: int, results: str) -> str:
    """The report of a chain's own training."""
    return paths.generation(folder(chain, round, results))


def folder(chain: Chain, round: int, results: str) -> str:
    """The folder of a round's own training; that of round 0 is the dense one."""
    if round:
        return paths.round_folder(results, chain.ticket, chain.seed, round)
    return paths.dense(results, chain.dense, chain.seed)


def rounds(curve: EvaluatedSpec, table: AccuracyTable | CostTable | LayersTable) -> tuple[int, ...]:
    """The rounds of a curve that a table shows; an imported ticket has one, whatever it shows."""
    return (1,) if curve.chain.imported else table.rounds


def report_path(curve: EvaluatedSpec, seed: int, round: int, results: str) -> str:
    """The evaluation of a ticket, or the chain's own training that is the same one."""
    chain = curve.chain.with_seed(seed)
    if curve.shares(round):
        return generation(chain, round, results)
    start = paths.dense(results, chain.start_name, seed)
    where = folder(chain, round, results) if round else start
    return paths.evaluation(where, curve.evaluation)


def made_by(curve: EvaluatedSpec, seed: int, round: int) -> tuple[str, Spec]:
    """The kind of that report, and the spec that it must have been made by."""
    chain = curve.chain.with_seed(seed)
    if curve.shares(round):
        return "generation", GenerateSpec.of(chain, round)
    spec = EvaluateSpec.of(chain, round, curve.dataset, curve.recipe, curve.head)
    return "evaluation", spec


def reports_of(spec: AggregateSpec, results: str) -> list[str]:
    """All reports that a figure's table is made from."""
    table = spec.table
    if isinstance(table, SparsityTable):
        return [
            paths.sparsity(paths.dense(results, curve.chain.dense, seed))
            for curve in table.curves
            for seed in table.seeds
        ]
    if not isinstance(table, AccuracyTable | CostTable | LayersTable):
        return []
    evaluated = [
        report_path(curve, seed, round, results)
        for curve in table.curves
        for seed in table.seeds
        for round in rounds(curve, table)
    ]
    if not isinstance(table, CostTable):
        return evaluated
    found = [
        generation(curve.chain.with_seed(seed), round, results)
        for curve in table.curves
        for seed in table.seeds
        for round in range(max(table.rounds))
    ]
    return list(dict.fromkeys([*evaluated, *found]))
