"""The modified VGG of Morcos et al. (2019): batch norm, one linear layer."""

from lottery.catalogue.networks.family import Family, Shape
from lottery.catalogue.networks.layers import Layers

CHANNELS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions in each of the five stages, by depth; a max-pool ends each stage."""


class VGG(Family):
    """VGG-11, -13, -16 and -19."""

    label = "VGG"
    depths = tuple(CHANNELS)
    stems = ("small",)
    pools = 5

    def least_image_size(self, architecture: Shape) -> int:
        """Each max-pool halves."""
        return int(2 ** _pools(architecture))

    def convolutions(self, architecture: Shape) -> int:
        """Those of its five stages."""
        return sum(CHANNELS[architecture.depth])

    def layers(self, network: Layers, architecture: Shape) -> None:
        """See `Family`."""
        place = 0
        for stage, convolutions in enumerate(CHANNELS[architecture.depth]):
            channels = min(2**stage, 8) * architecture.width
            for _ in range(convolutions):
                network.window(3, 1, 1, f"features.{place}", channels)
                place += 3  # batch norm and ReLU follow
            if stage < _pools(architecture):
                network.window(2, 2)
                place += 1


def _pools(architecture: Shape) -> int:
    return VGG.pools if architecture.pools is None else architecture.pools
