"""How long a training waits for its images."""

import contextlib
import time
from collections.abc import Iterator

import torch


class Waiting:
    """Measures how long a device is idle for lack of images, on top of earlier `seconds`.

    For a GPU this is measured on the GPU: the program runs ahead, and may wait while it works.
    """

    def __init__(self, device: torch.device, seconds: float = 0.0) -> None:
        self._gpu = device.type == "cuda"
        self._seconds = seconds
        self._spans: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Around the call that returns the images."""
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
        """The idle time so far; synchronises with a GPU."""
        if self._spans:
            torch.cuda.synchronize()
            self._seconds += sum(a.elapsed_time(b) for a, b in self._spans) / 1000
            self._spans.clear()
        return self._seconds
