"""Checkpoints of unfinished trainings: a training that was stopped resumes where it was.

A checkpoint is saved at regular intervals, and when the training is asked to stop: by SIGTERM,
which SLURM sends before it preempts a job, by SIGUSR1, the usual choice for `sbatch --signal`, or
because its time is up. The newest two are kept, each whole or absent, until the training ends.
"""

import contextlib
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any

from lottery import artifacts, records
from lottery.errors import LotteryError, Stopped
from lottery.fingerprint import Code
from lottery.messages import log
from lottery.specs import Spec

KEPT = 2
ASKED_BY = (signal.SIGTERM, signal.SIGUSR1)


class Request(IntEnum):
    """What to do between two updates; if processes differ, the largest request wins."""

    NOTHING = 0
    SAVE = 1
    END = 2
    """Stop: the time is up."""
    STOP = 3
    """Stop: a signal arrived."""


class Checkpoints:
    """The checkpoints of one training in `folder`.

    `identity` is what determines the training besides its spec (digests of its inputs, its code);
    a checkpoint with another identity is dropped. `every` is in seconds; at `end`, a
    `time.monotonic` time, the training is to stop.
    """

    def __init__(
        self,
        folder: str | Path,
        spec: Spec,
        identity: Mapping[str, str],
        every: float,
        end: float = float("inf"),
    ) -> None:
        self._folder = Path(folder)
        self._spec = spec
        self._identity = dict(identity)
        self._every = every
        self._saved = time.monotonic()
        self._end = end
        self._stop = False
        for number in ASKED_BY:
            signal.signal(number, self._ask_to_stop)

    def newest(self) -> dict[str, Any] | None:
        """The newest checkpoint that is whole and of this training; others are removed."""
        for unfinished in self._folder.glob(".*.tmp"):  # killed while it was saving
            unfinished.unlink(missing_ok=True)
        for path in reversed(self._files()):
            try:
                payload = artifacts.load(path, "checkpoint", self._spec, "identity", "state")
            except LotteryError as error:
                log(f"warning: dropped: {error}")
                path.unlink(missing_ok=True)
                continue
            if payload["identity"] == self._identity:
                log(f"resumes from {path}")
                state: dict[str, Any] = payload["state"]
                return state
            log(f"warning: dropped: {path}: it has other inputs, code, precision or threads")
            path.unlink(missing_ok=True)
        return None

    @property
    def request(self) -> Request:
        """Whether it is time to save or to stop."""
        if self._stop:
            return Request.STOP
        if time.monotonic() > self._end:
            return Request.END
        due = time.monotonic() - self._saved >= self._every
        return Request.SAVE if due else Request.NOTHING

    def last(self) -> Path | None:
        """The file of the newest checkpoint."""
        return max(self._files(), default=None)

    def save(self, update: int, state: dict[str, Any]) -> None:
        """Save a checkpoint after `update` updates; remove all but the newest two."""
        path = self._folder / f"update{update:09d}.pt"
        code = Code("checkpoint", self._identity.get("code", ""), {})
        about = records.stamp("checkpoint", self._spec, code, {})
        artifacts.save(path, about, {"identity": self._identity, "state": state})
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def saved(self) -> None:
        """A checkpoint was saved, by this process or another: restart the interval."""
        self._saved = time.monotonic()

    def clear(self) -> None:
        """Remove all checkpoints: the training has ended."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("update*.pt"))

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop = True


@contextlib.contextmanager
def stopping_at_once(checkpoints: Checkpoints | None) -> Iterator[None]:
    """In this block a signal stops the training at once: its last checkpoint is already saved.

    Raises: Stopped, from anywhere in the block.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped("stopped during its test, after its last update")

    if checkpoints and checkpoints.request == Request.STOP:
        stop(signal.SIGTERM, None)
    before = {number: signal.signal(number, stop) for number in ASKED_BY}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
