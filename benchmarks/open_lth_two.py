"""Two chains side by side, by open_lth, by this workflow and by bare loops; see `open_lth`."""

from benchmarks.measuring import Row
from benchmarks.open_lth import compare


def run(open_lth: str | None, cifar10: str | None) -> list[Row]:
    """Seconds of two chains by each, and their ratios."""
    return list(compare("open_lth_two", 2, 2.5, open_lth, cifar10))
