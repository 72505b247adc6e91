"""Where a result lies by its own spec: its ticket, seed, round and dense network."""

from pathlib import PurePosixPath

from lottery import paths, reports
from lottery.errors import LotteryError
from lottery.specs import Chain
from lottery.verifying.contents import Result

LAST = 99
"""The last round that a config can name."""


def check(result: Result) -> None:
    """Refuse a result that lies elsewhere than its spec says.

    Raises: LotteryError naming the place where it would lie.
    """
    place = expected(result)
    if place is None:
        raise LotteryError(f"{result.file.path}: a {result.what} does not belong into results")
    if place != result.file.path:
        raise LotteryError(f"{result.file.path}: by its spec it is another file, {place}")


def expected(result: Result) -> str | None:
    """The path of a result; None if it has no place among results.

    What no spec holds (the names of subsets, rewind points, evaluations) is taken from where it
    lies.

    Raises: LotteryError for a round that no config can name.
    """
    root, spec, what = result.file.root, result.spec, result.what
    lies = PurePosixPath(result.file.path)
    if what == "images":
        find = paths.images_report if lies.suffix == ".json" else paths.images
        return find(root, spec.dataset.name)
    if what == "subset":
        tail = "" if spec.seed is None else f"-seed{spec.seed}"
        draw = paths.subset_draw(lies.stem.removesuffix(tail), spec.seed)
        return paths.subset(root, spec.dataset.name, draw)
    if what == "early":
        return paths.early(_folder(spec.dense.chain, spec.dense.round, root), lies.stem)
    if what == "sparsity":
        return paths.sparsity(_folder(spec.dense.chain, 0, root))
    if what == "imported":
        return paths.imported(root, spec.ticket)
    if what == "table":
        table = paths.table(root, spec.figure)
        return paths.beside(table) if lies.suffix == ".json" else table
    if what == "mask":
        return paths.mask(_folder(spec.chain, spec.round, root))
    if what == "weights":
        return paths.weights(_folder(spec.chain, spec.round, root))
    if what == "generation":
        return paths.generation(_folder(spec.chain, spec.round, root))
    if what == "evaluation":
        start = paths.dense(root, spec.chain.start_name, spec.chain.seed)
        folder = _folder(spec.chain, spec.round, root) if spec.round else start
        return paths.evaluation(folder, lies.stem.removeprefix("evaluation-"))
    return None


def _folder(chain: Chain, round: int, root: str) -> str:
    """Raises: LotteryError for a round that no config can name: counting to it could take years."""
    if round > LAST:
        raise LotteryError(f"round {round} is beyond the last, {LAST}")
    return reports.folder(chain, round, root)
