"""Where a training runs."""

import torch

from lottery.errors import LotteryError


def choose(name: str, threads: int) -> torch.device:
    """`auto` is the first GPU where there is one. `threads` bounds torch's CPU threads.

    Raises: LotteryError if a GPU is asked for and none is visible.
    """
    torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise LotteryError("--device cuda: torch sees no GPU here")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device's name for artifacts and logs."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
