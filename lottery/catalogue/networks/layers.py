"""Sliding-window layers, and which rows of a kernel ever meet a pixel."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Taps:
    """One convolution: its kernel's side, and which of its rows (and columns) meet pixels."""

    kernel: int
    alive: frozenset[int]
    filters: int
    """Kernels of one channel: input times output channels."""
    places: int
    """Pixels of the map that it makes."""

    @property
    def weights(self) -> int:
        """All of the convolution's weights."""
        return self.kernel**2 * self.filters

    @property
    def dead(self) -> int:
        """The weights that only ever meet padding."""
        return (self.kernel**2 - len(self.alive) ** 2) * self.filters


@dataclass
class _Map:
    """The maps between two layers; they are square, so one axis is enough."""

    size: int
    channels: int
    read: set[int] = field(default_factory=set)
    """The positions along the axis that a later layer reads."""


@dataclass
class _Window:
    """A layer that slides a window over a map: a convolution, or (without a name) a pooling."""

    name: str
    source: _Map
    target: _Map
    kernel: int
    stride: int
    padding: int

    def pairs(self) -> Iterable[tuple[int, int]]:
        """Each tap and the source position that it meets, for all target positions read."""
        for place, tap in itertools.product(self.target.read, range(self.kernel)):
            met = place * self.stride - self.padding + tap
            if 0 <= met < self.source.size:
                yield tap, met


class Layers:
    """Layers in the order of the forward pass; reads are traced back from the last."""

    def __init__(self, image_size: int) -> None:
        self.now = _Map(image_size, 3)
        self._windows: list[_Window] = []

    def window(
        self,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        name: str = "",
        channels: int | None = None,
        source: _Map | None = None,
    ) -> _Map:
        """Append a layer that reads `source`, by default the newest map."""
        source = source or self.now
        size = (source.size + 2 * padding - kernel) // stride + 1
        if size < 1:
            raise ValueError(f"a map of {source.size} pixels is too small for a kernel of {kernel}")
        self.now = _Map(size, channels or source.channels)
        self._windows.append(_Window(name, source, self.now, kernel, stride, padding))
        return self.now

    def add(self, *maps: _Map) -> None:
        """The newest map is the sum of these, as at the end of a residual block."""
        self.now = _Map(maps[0].size, maps[0].channels)
        for each in maps:  # one-tap windows, which pass reads on
            self._windows.append(_Window("", each, self.now, 1, 1, 0))

    def taps(self) -> dict[str, Taps]:
        """The taps of each convolution; an adaptive pooling reads all of the last map."""
        self.now.read = set(range(self.now.size))
        found = {}
        for window in reversed(self._windows):
            pairs = set(window.pairs())
            window.source.read |= {met for _, met in pairs}
            if window.name:
                filters = window.source.channels * window.target.channels
                alive = frozenset(tap for tap, _ in pairs)
                places = window.target.size**2
                found[window.name] = Taps(window.kernel, alive, filters, places)
        return dict(reversed(found.items()))
