"""What trainings do at this moment, by their locks and logs."""

import re
from pathlib import Path
from typing import NamedTuple

from lottery import paths
from lottery.messages import ending
from lottery.training.lock import at_work

TAIL = 4096
"""Bytes at the end of a log that are looked at."""
PROGRESS = re.compile(r"epoch (\d+)/(\d+) .* ((?:\d+:)?\d+:\d\d) left$")
"""See `lottery.training.progress`."""


class Running(NamedTuple):
    """A training at work."""

    who: str
    """Its process, host and SLURM job."""
    epoch: int
    epochs: int | None
    """As far as its log tells; None before the end of its first epoch."""
    left: str
    """Time by its own clock; empty before."""

    def __str__(self) -> str:
        if self.epochs is None:
            return f"in its first epoch, {self.who}"
        return f"epoch {self.epoch}/{self.epochs}, {self.left} left, {self.who}"


def running(report: str, log: str) -> Running | None:
    """The training that writes a report, if it is at work."""
    lock = paths.lock(report)
    holder = at_work(lock) if Path(lock).exists() else None
    if holder is None:
        return None
    for line in reversed(_tail(log)):
        if found := PROGRESS.search(line):
            return Running(str(holder), int(found[1]), int(found[2]), found[3])
    return Running(str(holder), 0, None, "")


def failure(log: str) -> str | None:
    """Why the stage that wrote a log ended without its result; None if the log does not say so."""
    lines = _tail(log)
    return lines[-1] if lines and ending(lines[-1]) else None


def _tail(log: str) -> list[str]:
    try:
        with Path(log).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
