"""States of unfinished trainings: a training that is stopped goes on where it was.

A state is saved every so many seconds, and when the training is asked to stop: by SIGTERM, as SLURM
sends before it preempts a job, or by the end of the job's time. The newest two are kept, each whole
or absent; they vanish with the training's end.
"""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from lottery import artifacts, records
from lottery.errors import LotteryError
from lottery.specs import Spec
from lottery.training.progress import log

MARGIN = 120.0
"""Seconds before the end of the job's time at which it stops by itself."""
KEPT = 2


class Checkpoints:
    """The states of one training in `folder`.

    `identity` is what determines the training beside its spec (its inputs' digests, its code); a
    state of any other is passed over. `every` is in seconds.
    """

    def __init__(
        self,
        folder: str | Path,
        spec: Spec,
        identity: Mapping[str, str],
        every: float,
    ) -> None:
        self._folder = Path(folder)
        self._spec = spec
        self._identity = dict(identity)
        self._every = every
        self._saved = time.monotonic()
        self._end = _end_of_time()
        self._stop = False
        signal.signal(signal.SIGTERM, self._ask_to_stop)

    def newest(self) -> dict[str, Any] | None:
        """The newest state that is whole and of this training."""
        for path in reversed(self._files()):
            try:
                payload = artifacts.load(path, "checkpoint", self._spec, "identity", "state")
            except LotteryError as error:
                log(f"warning: passed over: {error}")
                continue
            if payload["identity"] == self._identity:
                log(f"goes on from {path}")
                state: dict[str, Any] = payload["state"]
                return state
            log(f"warning: passed over: {path}: its inputs or its code were others")
        return None

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved >= self._every

    @property
    def stopping(self) -> bool:
        """Whether the training was asked to stop, or its job's time is nearly over."""
        return self._stop or time.time() > self._end

    def save(self, update: int, state: dict[str, Any]) -> None:
        """Save the state after so many updates; drop all but the newest two."""
        path = self._folder / f"update{update:09d}.pt"
        about = records.header("checkpoint", self._spec, {}, records.Stopwatch())
        artifacts.save(path, about, {"identity": self._identity, "state": state})
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)
        self._saved = time.monotonic()

    def clear(self) -> None:
        """The training is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("update*.pt"))

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop = True


def _end_of_time() -> float:
    """When to stop, in seconds since 1970: SLURM tells its jobs when their time ends."""
    end = os.environ.get("SLURM_JOB_END_TIME", "")
    return float(end) - MARGIN if end.isdigit() else float("inf")
