"""The progress of a training: a bar on a terminal, one line per epoch otherwise."""

import resource
import sys
import time

from tqdm import tqdm

from lottery.messages import log, speaks

NOTABLE = 0.01
"""Fraction of an epoch's time."""


def peak_memory() -> str:
    """The peak memory of this process, in words; also that on its GPU, if it used one."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    words = f"peak memory {host / 1e6:,.0f} MB"
    torch = sys.modules.get("torch")  # not imported for this
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        words += f", {torch.cuda.max_memory_allocated() / 1e6:,.0f} MB on the GPU"
    return words


class Progress:
    """The progress of one training, `label`, of `epochs` epochs of `updates` updates."""

    def __init__(self, label: str, epochs: int, updates: int) -> None:
        self._label, self._epochs, self._updates = label, epochs, updates
        self._done_before = 0.0  # epochs
        self._start = time.monotonic()
        self._bar = tqdm(
            desc=label,
            total=epochs * updates,
            unit="update",
            disable=not (speaks() and sys.stderr.isatty()),
            leave=False,
        )

    def resume(self, updates: int) -> None:
        """Count `updates` that were done before, or are skipped."""
        self._bar.update(updates - self._bar.n)
        self._done_before = updates / self._updates

    def update(self) -> None:
        """One update is done."""
        self._bar.update()

    def epoch(
        self, number: int, loss: float, accuracy: float, images_per_second: float, waiting: float
    ) -> None:
        """Epoch `number` (from 0) is done; `waiting` is the fraction of its time without images."""
        done = number + 1
        text = f"loss {loss:.4f}  accuracy {accuracy:.2%}  {images_per_second:,.0f} images/s"
        if waiting >= NOTABLE:
            text += f"  {waiting:.0%} waiting for images"
        self._bar.set_postfix_str(text)
        if self._bar.disable:
            pace = (time.monotonic() - self._start) / (done - self._done_before)
            left = pace * (self._epochs - done)
            log(f"{self._label}: epoch {done}/{self._epochs}  {text}  {_clock(left)} left")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
