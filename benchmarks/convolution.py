"""3x3 convolutions of many channels over few pixels: oneDNN's time over that of matrix products."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from benchmarks.measuring import Row, in_turn
from lottery.models.convolution import _Products

INSTRUCTIONS = {
    "all instructions": {},
    "AVX2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
}
"""What a process is started with, for it reads this once."""
SHAPES = ((512, 4), (512, 2), (512, 1), (256, 4), (256, 2), (128, 1))
"""Channels, and pixels along each side."""
TIMES = 15


def run(images: str | None) -> list[Row]:
    """Forward and backward, each set of instructions in a process of its own."""
    rows = []
    for name, variables in INSTRUCTIONS.items():
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.convolution"],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found = json.loads(process.stdout).items()
        rows += [Row("convolution", f"{which}, {name}", ratio, "ratio") for which, ratio in found]
    return rows


def _ratios() -> dict[str, float]:
    """Of every shape, by name."""
    types = [torch.float32]
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        types.append(torch.bfloat16)
    found = {}
    for dtype in types:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for channels, side in SHAPES:
                for batch in (64, 128):
                    shape = f"{batch} x {channels} on {side}x{side}"
                    name = f"{shape}, {str(dtype).removeprefix('torch.')}, threads: {threads}"
                    found[name] = _ratio(channels, side, batch, dtype)
    return found


def _ratio(channels: int, side: int, batch: int, dtype: torch.dtype) -> float:
    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape).contiguous(memory_format=torch.channels_last)

    maps = batch, channels, side, side
    x = numbers(*maps).relu().to(dtype).requires_grad_()
    gradient = numbers(*maps).to(dtype)
    weight = numbers(channels, channels, 3, 3).requires_grad_()

    def way(convolve: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(convolve(x, weight.to(dtype)), (x, weight), gradient)

    ways = {"oneDNN": way(lambda x, w: conv2d(x, w, padding=1)), "products": way(_Products.apply)}
    seconds = in_turn(ways, TIMES)
    return seconds["oneDNN"] / seconds["products"]


if __name__ == "__main__":
    print(json.dumps(_ratios()))
