"""How long trainings take: as those of their kind that are there took, else by their operations."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from lottery.errors import LotteryError
from lottery.work import Work


class Gpu(NamedTuple):
    """What its maker states of dense matrix products, in 10^12 operations a second."""

    float32: float
    tf32: float | None = None
    bfloat16: float | None = None


GPUS = {
    "V100": Gpu(15.7),
    "T4": Gpu(8.1),
    "A10": Gpu(31.2, 62.5, 125.0),
    "A40": Gpu(37.4, 74.8, 149.7),
    "A100": Gpu(19.5, 156.0, 312.0),
    "L4": Gpu(30.3, 60.0, 121.0),
    "L40S": Gpu(91.6, 183.0, 362.0),
    "H100": Gpu(66.9, 494.7, 989.4),
    "H200": Gpu(66.9, 494.7, 989.4),
    "RTX3090": Gpu(35.6, 35.6, 71.0),
    "RTX4090": Gpu(82.6, 82.6, 165.2),
}
"""By name, those of the usual clusters; the H100 and the H200 are the SXM ones."""


def is_a(device: str, gpu: str) -> bool:
    """Whether a device, as its driver names it, is a GPU of `GPUS`."""
    return re.search(rf"{gpu}(?!\d)", device.replace(" ", "")) is not None


UTILISATION = 0.18
"""The share of them that a training is guessed to reach: a ResNet-50 on an A100, at 2,470 images a
second in bfloat16, has 0.19."""


ON_CPU = " (CPU)"
"""Ends the name of a machine that trained without a GPU."""


class Measured(NamedTuple):
    """A training that is there."""

    device: str
    work: Work
    inputs: int
    seconds: float
    """That it held its devices, testing and all, summed over them."""


class Pace:
    """Seconds that a device takes for a training."""

    def __init__(self, measured: Iterable[Measured], gpu: str | None) -> None:
        """Of the device that most was learned on; or of a GPU, by its name in `GPUS`.

        Raises: LotteryError if there is no such GPU.
        """
        if gpu is not None and gpu not in GPUS:
            raise LotteryError(f"--gpu {gpu}: unknown, choose from {', '.join(GPUS)}")
        by_device: dict[str, list[Measured]] = defaultdict(list)
        for each in measured:
            if gpu is None or is_a(each.device, gpu):
                by_device[each.device].append(each)
        self.device = max(by_device, key=lambda name: _operations(by_device[name]), default=None)
        own = by_device[self.device] if self.device else []
        self.trainings = len(own)
        self.gpu = gpu or (None if own else "A100")
        kinds: dict[str, list[Measured]] = defaultdict(list)
        for each in own:
            kinds[each.work.kind].append(each)
        self._seconds = {
            kind: sum(m.seconds for m in found) / sum(m.inputs for m in found)
            for kind, found in kinds.items()
        }
        self._rate = _operations(own) / sum(m.seconds for m in own) if own else 0.0

    @property
    def unit(self) -> str:
        """Of the hours: `GPU-hours` or `CPU-hours`."""
        on_cpu = self.gpu is None and self.device and self.device.endswith(ON_CPU)
        return "CPU-hours" if on_cpu else "GPU-hours"

    def seconds(self, work: Work) -> float:
        """Of one device."""
        known = self._seconds.get(work.kind)
        return work.inputs * (known or work.operations / self._operations_a_second(work))

    def words(self) -> str:
        """Where the times come from."""
        guess = f"guessed at {UTILISATION:.0%} of the peak of one {self.gpu}"
        if not self.trainings:
            return guess
        if not self.gpu:
            guess = f"guessed from their {self._rate / 1e12:.3g} TFLOP/s"
        return f"as {self.trainings:,} trainings on {self.device} took; other kinds {guess}"

    def _operations_a_second(self, work: Work) -> float:
        if self.gpu is None:
            return self._rate
        gpu = GPUS[self.gpu]
        best = gpu.bfloat16 if work.precision in ("auto", "bfloat16") else None
        peak = best or (gpu.tf32 if work.precision == "tf32" else None) or gpu.float32
        return UTILISATION * peak * 1e12


def _operations(measured: Iterable[Measured]) -> float:
    return sum(each.inputs * each.work.operations for each in measured)


class Report(NamedTuple):
    """The times in a training's report."""

    device: str
    inputs: int
    seconds: float

    @classmethod
    def of(cls, path: str) -> Self | None:
        """None if there is no such report, or it is damaged."""
        try:
            report = json.loads(Path(path).read_bytes())
            result = report["result"]
            where = report["device"].split(", ")[0].split(" x ")[-1]
            device = f"{report['machine']}{ON_CPU}" if where == "cpu" else where
            return cls(device, int(result["inputs"]), float(result["device_seconds"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
