"""What a config needs to know about a family of networks."""

from abc import ABC, abstractmethod
from typing import Protocol

from lottery.catalogue.networks.layers import Layers


class Shape(Protocol):
    """The part of a `lottery.specs.Architecture` that a family reads."""

    @property
    def depth(self) -> int:
        """Number of layers with weights, as in a network's name."""

    @property
    def stem(self) -> str:
        """`small` or `imagenet`."""

    @property
    def width(self) -> int:
        """Channels of the first convolution, or of AlexNet a share of 64."""

    @property
    def variant(self) -> str | None:
        """One of the family's variants; None where it has none."""

    @property
    def pools(self) -> int | None:
        """Max-pools that are kept; None: all."""


class Family(ABC):
    """One per module `lottery.models.NAME`, which builds what this describes."""

    label: str
    """Its name on figures; the depth is appended if there are several."""
    depths: tuple[int, ...]
    stems: tuple[str, ...] = ("small", "imagenet")
    """Its first layers: for small images, or for ImageNet's."""
    variants: tuple[str, ...] = ()
    """The codes whose layers and initial weights it can have, the default first."""
    pools: int = 0
    """How many max-pools can be left out for small images."""

    def named(self, depth: int | str) -> str:
        """`ResNet-18`; just the label if the family has a single depth."""
        return self.label if len(self.depths) == 1 else f"{self.label}-{depth}"

    @abstractmethod
    def least_image_size(self, architecture: Shape) -> int:
        """The smallest image side, in pixels, that leaves the last convolution at least one."""

    @abstractmethod
    def convolutions(self, architecture: Shape) -> int:
        """The number of convolutions, including those of downsampling shortcuts."""

    @abstractmethod
    def layers(self, network: Layers, architecture: Shape) -> None:
        """Add its convolutions and poolings to `network`, in the order of the forward pass."""

    def hidden_weights(self, architecture: Shape) -> int:
        """The number of prunable weights in its linear layers."""
        return 0
