"""One training of a result at a time: the lock beside its report says which process that is.

When snakemake is killed its trainings run on, and the same command, or another clone that shares
the results, would start them once more beside them.
"""

import contextlib
import functools
import json
import os
import platform
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from lottery import files
from lottery.errors import Busy
from lottery.messages import log
from lottery.training import slurm

BEAT = 5.0
"""Seconds between two signs of life: the time of the lock's last change."""
DEAD = 24
"""Beats without a sign of life after which the process of another machine counts as dead."""
SETTLED = 1.0
"""Seconds after which one of two that take over a lock at the same time has won."""


class Holder(NamedTuple):
    """The process that holds a lock."""

    token: str
    """Of this one taking of this lock."""
    host: str
    process: int
    born: str
    """When the process began, in its system's own count; empty if it is not known."""
    system: str
    """What a process number means something in: a start of a machine, or a container."""
    job: str
    """Of SLURM; empty outside it."""
    since: str

    def __str__(self) -> str:
        job = f", SLURM job {self.job}" if self.job else ""
        return f"process {self.process} on {self.host}{job}, since {self.since}"

    @classmethod
    def own(cls) -> "Holder":
        """The process that calls."""
        return cls(
            token=uuid.uuid4().hex,
            host=platform.node(),
            process=os.getpid(),
            born=_born(os.getpid()) or "",
            system=_system(),
            job=slurm.job(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
        )


@contextlib.contextmanager
def alone(path: str | Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock at `path` for the duration of the block; wait for whoever holds it.

    A lock is taken over if its process is gone: it is not running, on this machine; it gives no
    sign of life and SLURM does not know its job, or for two minutes, elsewhere. A process whose
    lock was taken over, having given no sign of life for so long, gets SIGTERM.

    Raises: Busy, naming the process, instead of waiting without `wait`.
    """
    lock = _Lock(Path(path))
    lock.take(wait)
    try:
        yield
    finally:
        lock.release()


def at_work(path: str | Path) -> Holder | None:
    """Who makes the result that the lock at `path` is of; None if nobody does, or is known to."""
    lock = _Lock(Path(path))
    holder = lock.holder()
    return None if holder is None or lock.gone(holder) else holder


class _Lock:
    def __init__(self, path: Path) -> None:
        self._path, self._own = path, Holder.own()
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)

    def take(self, wait: bool) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        told = False
        while not self._made():
            holder = self.holder()
            if holder is not None and self.gone(holder):
                log(f"takes over {self._path}: gone is {holder}")
                self._take_over()
                if self.holder() == self._own:
                    break
            elif holder is not None:
                words = f"{self._path}: at work is {holder}"
                if not wait:
                    raise Busy(words)
                if not told:
                    log(f"waits: {words}")
                told = True
            time.sleep(BEAT / 5)
        self._beating.start()

    def release(self) -> None:
        self._ended.set()
        self._beating.join()
        if self.holder() == self._own:
            self._path.unlink(missing_ok=True)

    def _made(self) -> bool:
        """Make the lock, if there is none."""
        try:
            with open(self._path, "x") as handle:
                json.dump(self._own._asdict(), handle)
        except FileExistsError:
            return False
        return True

    def _take_over(self) -> None:
        """Put an own lock in its place; of several that do so at a time, the last has it."""
        mine = self._path.with_name(f".{self._path.name}.{self._own.token}.tmp")
        mine.write_text(json.dumps(self._own._asdict()))
        os.replace(mine, self._path)
        time.sleep(SETTLED)

    def holder(self) -> Holder | None:
        """Who has the lock; None if it is free."""
        try:
            return Holder(**json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):  # being written, or its writer was killed
            return Holder("", "an unknown machine", 0, "", "", "", "an unknown time")

    def gone(self, holder: Holder) -> bool:
        """Whether its process has ended, as far as can be known."""
        if holder.system == self._own.system:
            return _born(holder.process) != holder.born
        if holder.job and holder.job == self._own.job:
            return True  # this job, as it was before SLURM ran it again
        silent = self._silence()
        if holder.job and silent > 3 * BEAT and slurm.runs(holder.job) is False:
            return True
        return silent > DEAD * BEAT

    def _silence(self) -> float:
        """Seconds since the last sign of life, by the clock of the lock's file system."""
        probe = self._path.with_name(f".{self._path.name}.{self._own.token}.tmp")
        try:
            probe.touch()
            return probe.stat().st_mtime - self._path.stat().st_mtime
        except OSError:  # it is free by now, or not to be taken over from here
            return 0.0
        finally:
            probe.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            with contextlib.suppress(OSError):  # a file system that is away for a while
                if self.holder() in (self._own, None):
                    os.utime(self._path)
                    continue
                log(f"{self._path}: taken over by {self.holder()}")
                os.kill(os.getpid(), signal.SIGTERM)
                return


@functools.cache
def _system() -> str:
    """A start of this machine, and in it a container: what a process number means something in."""
    parts = []
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts) or platform.node()


def _born(process: int) -> str | None:
    """When a process began, in clock ticks; None if there is none, or it has only not been reaped.

    Its number alone could be another process's by now. Where the system does not tell, it is empty.
    """
    if not Path("/proc/self/stat").exists():
        return "" if files.alive(process) else None
    try:
        state, *rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else rest[18]
