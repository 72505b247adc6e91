"""CPU threads of trainings on a machine without GPUs: cores shared by what trains side by side."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from graphlib import TopologicalSorter
from typing import TypeVar

MOST = 8
"""Threads of a training: small images leave little work for more. Not measured beyond two."""

Job = TypeVar("Job", bound=Hashable)


def shared(cores: int, side_by_side: float) -> int:
    """Threads of each of so many trainings, from 1 to `MOST`."""
    return max(1, min(MOST, int(cores / max(1.0, side_by_side))))


def side_by_side(needs: Mapping[Job, Iterable[Job]], trains: Callable[[Job], bool]) -> float:
    """How many trainings of a plan run at a time on average, were there a core for each.

    That is their number over that of the longest chain. `needs` maps each job to those that it
    waits for, and `trains` tells which are trainings.

    Raises: graphlib.CycleError
    """
    longest: dict[Job, int] = {}
    for job in TopologicalSorter(needs).static_order():
        before = max((longest[other] for other in needs.get(job, ())), default=0)
        longest[job] = before + trains(job)
    return sum(map(trains, longest)) / max(1, *longest.values()) if longest else 0.0
