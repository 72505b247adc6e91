"""Timing several ways to do a thing in turn, so that a machine's moods hit all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Row:
    """One measured figure."""

    benchmark: str
    figure: str
    value: float
    unit: str
    target: str = ""

    def fields(self) -> dict[str, Any]:
        """As a line of the CSV."""
        return {**asdict(self), "value": f"{self.value:.4g}"}


def in_turn(ways: Mapping[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Median seconds of each way, over so many rounds in which each has its turn, after one more.

    Each is called; what it returns is thrown away.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(times + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}
