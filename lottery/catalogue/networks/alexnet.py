"""AlexNet (Krizhevsky et al., 2012), in the three variants that self-supervised work trains."""

from collections.abc import Sequence
from typing import NamedTuple

from lottery.catalogue.networks.family import Family, Shape
from lottery.catalogue.networks.layers import Layers

HIDDEN = 4096
"""Units of both hidden linear layers, at full width."""
FULL_WIDTH = 64
"""The `width` at which a network has the channels of its variant; others have a share of them."""
POOLED = (0, 1, 4)
"""Convolutions followed by a max-pool."""


class Variant(NamedTuple):
    """What differs between the codes that are followed."""

    channels: tuple[int, ...]
    """Of the five convolutions, at full width."""
    batch_norm: bool
    """Whether it follows each convolution."""
    hidden_batch_norm: bool
    """Whether it follows both hidden linear layers, which then have no bias and no dropout."""


VARIANTS = {
    "deepcluster": Variant((96, 256, 384, 384, 256), True, False),
    "rotnet": Variant((64, 192, 384, 256, 256), True, True),
    "torchvision": Variant((64, 192, 384, 256, 256), False, False),
}
"""By name, the default first."""


class AlexNet(Family):
    """AlexNet of any width."""

    label = "AlexNet"
    depths = (8,)
    variants = tuple(VARIANTS)
    pools = len(POOLED)

    def least_image_size(self, architecture: Shape) -> int:
        """Pools of three pixels with stride 2, after the stem."""
        pools = self.pools if architecture.pools is None else architecture.pools
        pooled = int(2 ** (pools + 1) - 1)
        return pooled if architecture.stem == "small" else 4 * (pooled - 1) + 7

    def convolutions(self, architecture: Shape) -> int:
        """Five."""
        return len(variant(architecture).channels)

    def layers(self, network: Layers, architecture: Shape) -> None:
        """See `Family`."""
        small, place = architecture.stem == "small", 0
        windows: Sequence[tuple[int, int, int]] = (
            (3, 1, 1) if small else (11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)
        )  # fmt: skip
        counts = channels(architecture)
        for number, window in enumerate(windows):
            network.window(*window, f"features.{place}", counts[number])
            place += 3 if variant(architecture).batch_norm else 2
            if number in POOLED[: architecture.pools]:
                network.window(3, 2)
                place += 1

    def hidden_weights(self, architecture: Shape) -> int:
        """The weights of the two hidden layers."""
        units = hidden(architecture)
        return (channels(architecture)[-1] * pooled(architecture) ** 2 + units) * units


def variant(architecture: Shape) -> Variant:
    """That of an AlexNet; `lottery.specs.Architecture` has put the default where none is named."""
    assert architecture.variant is not None
    return VARIANTS[architecture.variant]


def channels(architecture: Shape) -> list[int]:
    """Of the five convolutions, at the network's width."""
    return [count * architecture.width // FULL_WIDTH for count in variant(architecture).channels]


def hidden(architecture: Shape) -> int:
    """Units of both hidden linear layers, at the network's width."""
    return HIDDEN * architecture.width // FULL_WIDTH


def pooled(architecture: Shape) -> int:
    """The side, in pixels, of the maps that the first linear layer reads."""
    return 2 if architecture.stem == "small" else 6
