"""ResNets (He et al., 2016)."""

from lottery.catalogue.networks.family import Family, Shape
from lottery.catalogue.networks.layers import Layers

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Residual blocks of the four layers, by depth."""


class ResNet(Family):
    """ResNet-18, -34 and -50."""

    label = "ResNet"
    depths = tuple(BLOCKS)

    def least_image_size(self, architecture: Shape) -> int:
        """Each stride rounds up."""
        return 1

    def convolutions(self, architecture: Shape) -> int:
        """The first, two or three per block, and a shortcut where a layer changes the channels."""
        each = 3 if bottleneck(architecture) else 2
        shortcuts = 4 if bottleneck(architecture) else 3
        return 1 + each * sum(BLOCKS[architecture.depth]) + shortcuts

    def layers(self, network: Layers, architecture: Shape) -> None:
        """See `Family`."""
        width = architecture.width
        if architecture.stem == "small":
            network.window(3, 1, 1, "conv1", width)
        else:
            network.window(7, 2, 3, "conv1", width)
            network.window(3, 2, 1)
        for layer, blocks in enumerate(BLOCKS[architecture.depth]):
            channels = width * 2**layer
            for block in range(blocks):
                stride = 2 if layer and not block else 1
                name, source = f"layer{layer + 1}.{block}", network.now
                out = 4 * channels if bottleneck(architecture) else channels
                if bottleneck(architecture):
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


def bottleneck(architecture: Shape) -> bool:
    """Whether its blocks have three convolutions."""
    return architecture.depth >= 50
