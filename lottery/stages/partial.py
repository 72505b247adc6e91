"""Figures of the results so far, drawn beside a run that goes on and does not notice."""

from collections.abc import Sequence
from pathlib import Path

from lottery import config, paths
from lottery.plan import Result
from lottery.stages.aggregate import aggregate
from lottery.stages.plot import plot


def draw(configs: Sequence[str], results: Sequence[Result]) -> None:
    """Draw each figure of a plan from what is there and not stale.

    Tables and drawings go to a folder of their own, so neither those of the run nor Snakemake's
    lock stand in the way.

    Raises: LotteryError if the config is wrong.
    """
    settings = config.load(["config.yaml", *configs], {"partial": True})
    stale = {result.path for result in results if result.stale}
    folder = paths.partial_figures(settings.scale)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(name for result in results for name in result.figures):
        out = f"{folder}/{name}"
        aggregate(settings.aggregate(name), paths.results(settings.scale), f"{out}.csv", stale)
        plot(settings.plot(name), f"{out}.csv", [f"{out}.pdf", f"{out}.png"])
