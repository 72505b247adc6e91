"""Which report holds the accuracy of a curve's ticket."""

from lottery import paths
from lottery.specs import CurveSpec, EvaluateSpec, GenerateSpec, Spec


def report_path(curve: CurveSpec, seed: int, round: int, results: str) -> str:
    """The evaluation of a ticket, or the chain's own training that is the same one."""
    ticket = curve.chain.ticket
    if curve.shared:
        return paths.generation(results, ticket, seed, round)
    return paths.evaluation(results, ticket, seed, round, curve.evaluation)


def made_by(curve: CurveSpec, seed: int, round: int) -> tuple[str, Spec]:
    """What that report is, and the spec that must have made it."""
    chain = curve.chain.with_seed(seed)
    if curve.shared:
        return "generation", GenerateSpec.of(chain, round)
    return "evaluation", EvaluateSpec.of(chain, round, curve.dataset, curve.recipe)
