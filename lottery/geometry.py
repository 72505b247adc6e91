"""Which weights of a network only ever meet padding, from its architecture and image size alone.

A kernel that is larger than the map it slides over has taps that multiply nothing but zero padding:
of a 3x3 kernel on a map of one pixel, eight of nine. Such **dead taps** get no gradient and change
no output. Magnitude pruning drops them first, a random mask keeps its share of them, so between
both a gap opens that says nothing of tickets. Needs no torch: a dry run tells of them.
"""

import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lottery.specs import Architecture

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Residual blocks of a ResNet's four layers."""
VGG_CHANNELS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions of a VGG's five stages, each of which a max-pool ends."""


@dataclass(frozen=True)
class Taps:
    """Of one convolution: its kernel's side, and which rows (and columns) of it meet pixels."""

    kernel: int
    alive: frozenset[int]
    filters: int
    """Kernels of one channel: input times output channels."""

    @property
    def weights(self) -> int:
        """All of the convolution's weights."""
        return self.kernel**2 * self.filters

    @property
    def dead(self) -> int:
        """Those that only ever meet padding."""
        return (self.kernel**2 - len(self.alive) ** 2) * self.filters


@dataclass
class _Map:
    """The maps between two layers; squares, so one axis says it all."""

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
        """Tap and position that it meets, for each position of the target that is read."""
        for place, tap in itertools.product(self.target.read, range(self.kernel)):
            met = place * self.stride - self.padding + tap
            if 0 <= met < self.source.size:
                yield tap, met


class _Network:
    """Layers in the order in which they are called; reading is traced back from the last."""

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
        for each in maps:  # windows of one tap each, that hand on what is read
            self._windows.append(_Window("", each, self.now, 1, 1, 0))

    def taps(self) -> dict[str, Taps]:
        """By convolution; the last map is read whole, by an adaptive pooling."""
        self.now.read = set(range(self.now.size))
        found = {}
        for window in reversed(self._windows):
            pairs = set(window.pairs())
            window.source.read |= {met for _, met in pairs}
            if window.name:
                filters = window.source.channels * window.target.channels
                alive = frozenset(tap for tap, _ in pairs)
                found[window.name] = Taps(window.kernel, alive, filters)
        return dict(reversed(found.items()))


@functools.cache
def taps(architecture: Architecture, image_size: int) -> dict[str, Taps]:
    """The taps of each convolution, by its parameter's name and in the network's order.

    Raises: ValueError if the images are too small for the network.
    """
    network = _Network(image_size)
    {"resnet": _resnet, "vgg": _vgg, "alexnet": _alexnet}[architecture.model](network, architecture)
    return {f"{name}.weight": found for name, found in network.taps().items()}


@dataclass(frozen=True)
class DeadTaps:
    """How many of a network's prunable weights only ever meet padding."""

    share: float
    """0..1, of all prunable weights."""
    layers: dict[str, float]
    """The share of each convolution that has some, by its parameter's name."""


def dead_taps(architecture: Architecture, image_size: int) -> DeadTaps:
    """Of all prunable weights of a network on square images of so many pixels."""
    found = taps(architecture, image_size)
    total = sum(each.weights for each in found.values()) + _hidden_weights(architecture)
    dead = sum(each.dead for each in found.values())
    layers = {name: each.dead / each.weights for name, each in found.items() if each.dead}
    return DeadTaps(dead / total, layers)


def prunable_weights(architecture: Architecture) -> int:
    """How many prunable weights a network has, whatever its images (Section 3.2)."""
    convolutions = taps(architecture, 224).values()
    return sum(each.weights for each in convolutions) + _hidden_weights(architecture)


def _resnet(network: _Network, architecture: Architecture) -> None:
    width = architecture.width
    if architecture.stem == "small":
        network.window(3, 1, 1, "conv1", width)
    else:
        network.window(7, 2, 3, "conv1", width)
        network.window(3, 2, 1)
    bottleneck = architecture.depth >= 50
    for layer, blocks in enumerate(BLOCKS[architecture.depth]):
        channels = width * 2**layer
        for block in range(blocks):
            stride = 2 if layer and not block else 1
            name, source = f"layer{layer + 1}.{block}", network.now
            out = 4 * channels if bottleneck else channels
            if bottleneck:
                network.window(1, 1, 0, f"{name}.conv1", channels)
                network.window(3, stride, 1, f"{name}.conv2", channels)
                end = network.window(1, 1, 0, f"{name}.conv3", out)
            else:
                network.window(3, stride, 1, f"{name}.conv1", channels)
                end = network.window(3, 1, 1, f"{name}.conv2", channels)
            shortcut = source
            if stride > 1 or source.channels != out:
                shortcut = network.window(1, stride, 0, f"{name}.downsample.0", out, source)
            network.add(end, shortcut)


def _vgg(network: _Network, architecture: Architecture) -> None:
    place, pools = 0, 5 if architecture.pools is None else architecture.pools
    for stage, convolutions in enumerate(VGG_CHANNELS[architecture.depth]):
        channels = min(2**stage, 8) * architecture.width
        for _ in range(convolutions):
            network.window(3, 1, 1, f"features.{place}", channels)
            place += 3  # batch norm and ReLU follow
        if stage < pools:
            network.window(2, 2)
            place += 1


ALEXNET_CHANNELS = (64, 192, 384, 256, 256)
"""Of its five convolutions, at width 64."""
ALEXNET_HIDDEN = 4096
"""Units of both hidden linear layers, at width 64."""
ALEXNET_POOLED = (0, 1, 4)
"""Convolutions that a max-pool follows."""


def _alexnet(network: _Network, architecture: Architecture) -> None:
    small, place = architecture.stem == "small", 0
    windows: Sequence[tuple[int, int, int]] = (
        (3, 1, 1) if small else (11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)
    )  # fmt: skip
    for number, window in enumerate(windows):
        channels = ALEXNET_CHANNELS[number] * architecture.width // 64
        network.window(*window, f"features.{place}", channels)
        place += 3 if architecture.batch_norm else 2
        if number in ALEXNET_POOLED[: architecture.pools]:
            network.window(3, 2)
            place += 1


def _hidden_weights(architecture: Architecture) -> int:
    """Prunable weights of linear layers; only AlexNet has any."""
    if architecture.model != "alexnet":
        return 0
    hidden = ALEXNET_HIDDEN * architecture.width // 64
    pooled = 2 if architecture.stem == "small" else 6
    return (ALEXNET_CHANNELS[-1] * architecture.width // 64 * pooled**2 + hidden) * hidden
