"""Where a training runs."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

import torch

from lottery.errors import LotteryError
from lottery.messages import log
from lottery.training.distributed import processes

DRIVER = Path("/dev/nvidiactl")
"""Exists if the machine has an NVIDIA GPU."""
_claims: list[IO[str]] = []
"""Locks that this process holds until it ends."""


def choose(name: str, threads: int) -> torch.device:
    """The device for `name`; `auto` is a GPU if there is one. `threads` bounds torch's CPU threads.

    Of several visible GPUs, the first that no other process of this user's trainings holds.

    Raises: LotteryError if a GPU is asked for and none is visible, or if this process was assigned
        one that torch cannot use: on the CPU the training would silently take days.
    """
    torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu" and DRIVER.exists():
            _complain()
    if name == "cuda" and not torch.cuda.is_available():
        raise LotteryError("--device cuda: torch sees no GPU here")
    if name == "cpu":
        return torch.device("cpu")
    torch.backends.cudnn.deterministic = True
    ids = [str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())]
    index = claim(ids)
    if index is None and processes() > 1:
        raise LotteryError(f"--processes: each needs its own GPU, and none of {len(ids)} is free")
    if index is None:
        log("warning: every GPU here is taken by another training; sharing the first")
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


def claim(ids: list[str]) -> int | None:
    """Index of the first unclaimed GPU, which this process then holds until it ends.

    Snakemake counts GPUs but does not say which one a job may use.
    """
    for index, name in enumerate(ids):
        path = Path(tempfile.gettempdir(), f"lottery-{os.getuid()}-gpu-{name}.lock")
        handle = open(path, "a")  # noqa: SIM115 - stays open on purpose
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            continue
        _claims.append(handle)
        return index
    return None


def describe(device: torch.device) -> str:
    """The device's name for artifacts and logs."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
