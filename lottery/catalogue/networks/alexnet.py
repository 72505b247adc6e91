"""AlexNet (Krizhevsky et al., 2012)."""

from collections.abc import Sequence

from lottery.catalogue.networks.family import Family, Shape
from lottery.catalogue.networks.layers import Layers

CHANNELS = (64, 192, 384, 256, 256)
"""Channels of the five convolutions, at width 64."""
HIDDEN = 4096
"""Units of both hidden linear layers, at width 64."""
POOLED = (0, 1, 4)
"""Convolutions followed by a max-pool."""


class AlexNet(Family):
    """AlexNet of any width, with or without batch norm."""

    label = "AlexNet"
    depths = (8,)
    optional_batch_norm = True
    pools = len(POOLED)

    def least_image_size(self, architecture: Shape) -> int:
        """Pools of three pixels with stride 2, after the stem."""
        pools = self.pools if architecture.pools is None else architecture.pools
        pooled = int(2 ** (pools + 1) - 1)
        return pooled if architecture.stem == "small" else 4 * (pooled - 1) + 7

    def convolutions(self, architecture: Shape) -> int:
        """Five."""
        return len(CHANNELS)

    def layers(self, network: Layers, architecture: Shape) -> None:
        """See `Family`."""
        small, place = architecture.stem == "small", 0
        windows: Sequence[tuple[int, int, int]] = (
            (3, 1, 1) if small else (11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)
        )  # fmt: skip
        for number, window in enumerate(windows):
            channels = CHANNELS[number] * architecture.width // 64
            network.window(*window, f"features.{place}", channels)
            place += 3 if architecture.batch_norm else 2
            if number in POOLED[: architecture.pools]:
                network.window(3, 2)
                place += 1

    def hidden_weights(self, architecture: Shape) -> int:
        """The weights of the two hidden layers."""
        hidden = HIDDEN * architecture.width // 64
        pooled = 2 if architecture.stem == "small" else 6
        return (CHANNELS[-1] * architecture.width // 64 * pooled**2 + hidden) * hidden
