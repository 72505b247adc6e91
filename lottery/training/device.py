"""Where a training runs."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

import torch

from lottery.errors import LotteryError
from lottery.hardware import has_gpu
from lottery.messages import log
from lottery.training.distributed import processes

SHARERS = 16
"""Most trainings that share a GPU evenly; further ones take the first."""
_claims: list[IO[str]] = []
"""Locks that this process holds until it ends."""


def choose(name: str, threads: int) -> torch.device:
    """The device for `name`; `auto` is a GPU if there is one. `threads` bounds torch's CPU threads.

    Of several visible GPUs, the one on which this user has the fewest trainings.

    Raises: LotteryError if a GPU is asked for and none is visible, or if this process was assigned
        one that torch cannot use: on the CPU the training would silently take days.
    """
    torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu" and has_gpu():
            _complain()
    if name == "cuda" and not torch.cuda.is_available():
        raise LotteryError("--device cuda: torch sees no GPU here")
    if name == "cpu":
        return torch.device("cpu")
    torch.backends.cudnn.deterministic = True
    ids = [str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())]
    index = claim(ids, 1 if processes() > 1 else SHARERS)
    if index is None and processes() > 1:
        raise LotteryError(f"--processes: each needs its own GPU, and none of {len(ids)} is free")
    device = torch.device("cuda", index or 0)
    torch.cuda.set_device(device)
    return device


def _complain() -> None:
    """Warn or fail if the machine has a GPU that torch cannot use."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    words = f"torch {torch.__version__} cannot use this machine's GPU: is its driver too old?"
    if given:
        raise LotteryError(f"--device auto: {words} (CUDA_VISIBLE_DEVICES={given})")
    if given is None:  # an empty value asks for the CPU
        log(f"warning: {words} training on the CPU")


def claim(ids: list[str], sharers: int) -> int | None:
    """Index of the GPU with the fewest trainings, one of which this process then is until it ends.

    None if each has as many as `sharers`. Snakemake counts GPUs but does not say which one a job
    may use.
    """
    for others in range(sharers):
        for index, name in enumerate(ids):
            number = f"-{others}" if others else ""
            path = Path(tempfile.gettempdir(), f"lottery-{os.getuid()}-gpu-{name}{number}.lock")
            handle = open(path, "a")  # noqa: SIM115 - stays open on purpose
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                continue
            _claims.append(handle)
            if others:
                log(f"shares a GPU with {others} other training{'s' * (others > 1)}")
            return index
    return None


def describe(device: torch.device) -> str:
    """The device's name for artifacts and logs."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
