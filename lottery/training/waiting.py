"""How long a training waits for its images."""

import contextlib
import time
from collections.abc import Iterator

import torch


class Waiting:
    """Counts the time in which a device has nothing to do but wait, on top of earlier `seconds`.

    A GPU's is its own: the program runs ahead of it, and may wait for images while it works.
    """

    def __init__(self, device: torch.device, seconds: float = 0.0) -> None:
        self._gpu = device.type == "cuda"
        self._seconds = seconds
        self._spans: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Around the call that gives the images."""
        if self._gpu:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            yield
            end.record()
            self._spans.append((start, end))
        else:
            started = time.monotonic()
            yield
            self._seconds += time.monotonic() - started

    def seconds(self) -> float:
        """So far; a GPU finishes its work first."""
        if self._spans:
            torch.cuda.synchronize()
            self._seconds += sum(a.elapsed_time(b) for a, b in self._spans) / 1000
            self._spans.clear()
        return self._seconds
