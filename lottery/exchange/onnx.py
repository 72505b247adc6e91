"""Networks as ONNX: written, and run by ONNX Runtime to be compared."""

import statistics
import time
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lottery.errors import LotteryError

WRITING, RUNNING = ("onnx", "onnxscript"), ("onnxruntime",)
"""The packages that each takes."""
BATCH = 8
"""Images of the batch that is timed."""
SECONDS = 1.0
"""How long networks are timed, each."""
CLOSE = 1e-4
"""How far outputs may be apart, as a share of the largest: float32 rounds by 1e-7 at each step."""


def need(*packages: str) -> None:
    """Raises: LotteryError if one of the packages is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise LotteryError(f"ONNX needs {package}: pip install 'lottery[onnx]'")


def written(model: nn.Module, side: int) -> bytes:
    """A network as it predicts, on batches of any size: batch norm has its running statistics.

    Input `images` is float32 (N, 3, side, side), output `logits` (N, outputs).

    Raises: LotteryError if the packages are missing.
    """
    need(*WRITING)
    program = torch.onnx.export(
        model.eval(),
        (torch.zeros(2, 3, side, side),),
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("N")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # it is, with dynamo
    return program.model_proto.SerializeToString()


class Compared(NamedTuple):
    """Two networks that give the same outputs: how long a batch of `BATCH` images takes in each."""

    milliseconds: tuple[float, float]
    difference: float
    """The largest between their outputs on random images."""


def compare(one: bytes, other: bytes, side: int) -> Compared:
    """Run two networks in turns on one thread of the CPU; each time is a median.

    Raises: LotteryError if their outputs differ by more than rounding, or a package is missing.
    """
    need(*RUNNING)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [
        onnxruntime.InferenceSession(each, options, providers=["CPUExecutionProvider"])
        for each in (one, other)
    ]
    stream = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, side, side, generator=stream).numpy()

    def run(session: "onnxruntime.InferenceSession") -> tuple[Tensor, float]:
        start = time.perf_counter()
        (logits,) = session.run(["logits"], {"images": images})
        return torch.from_numpy(logits), time.perf_counter() - start

    (first, _), (second, _) = map(run, sessions)
    difference = float((first - second).abs().max())
    if not difference <= CLOSE * max(1.0, float(first.abs().max())):
        raise LotteryError(f"the outputs of the two networks differ by {difference:.2g}")
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + 2 * SECONDS
    while not times[0] or time.perf_counter() < end:
        for session, taken in zip(sessions, times, strict=True):
            taken.append(1000 * run(session)[1])
    medians = (statistics.median(times[0]), statistics.median(times[1]))
    return Compared(medians, difference)
