"""Decoding image files ahead of a training: a loader is given files and boxes, and gives pixels.

A loader draws nothing and remembers nothing, so it has no state to checkpoint: its output depends
only on what it is asked for.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lottery.errors import LotteryError

LoaderName = Literal["auto", "dali", "torchvision"]


class Crops(NamedTuple):
    """One box of each image of a micro-batch."""

    files: list[Path]
    boxes: Tensor
    """int32 (n, 4): left, top, width and height, pixels."""
    by_pillow: list[bool]
    """Which images Pillow must decode, whatever the loader."""


Loader = Callable[[Iterator[Crops], int, int, torch.device], Iterator[Tensor]]
"""Given what is wanted, the largest micro-batch, a size in pixels and a device: each box
scaled to a square of that size, uint8 (n, 3, size, size) on the device, in the order wanted.
Raises: LotteryError naming a damaged file."""

AHEAD = 3
"""How many micro-batches are decoded before they are needed."""


def choose(name: LoaderName, workers: int) -> tuple[Loader, str]:
    """The loader of that name with `workers` threads, and its name; `auto` is DALI if installed.

    Raises: LotteryError if DALI is asked for by name and not installed.
    """
    installed = find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None
    if name == "dali" and not installed:
        raise LotteryError("loader: dali: the package nvidia-dali is not installed")
    if name == "dali" or (name == "auto" and installed):
        from lottery.data.loaders import dali

        return partial(dali.load, workers=workers), "DALI"
    from lottery.data.loaders import torchvision

    return partial(torchvision.load, workers=workers), "torchvision"
