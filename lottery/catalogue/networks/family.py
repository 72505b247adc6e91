"""What a config has to know of a family of networks."""

from abc import ABC, abstractmethod
from typing import Protocol

from lottery.catalogue.networks.layers import Layers


class Shape(Protocol):
    """What a family reads of a `lottery.specs.Architecture`."""

    @property
    def depth(self) -> int:
        """Layers with weights, as networks are named by."""

    @property
    def stem(self) -> str:
        """`small` or `imagenet`."""

    @property
    def width(self) -> int:
        """Channels of the first convolution."""

    @property
    def batch_norm(self) -> bool:
        """Only where it is optional."""

    @property
    def pools(self) -> int | None:
        """Max-pools that are kept; None: all."""


class Family(ABC):
    """One per module `lottery.models.NAME`, which builds what this describes."""

    label: str
    """As figures say it; the depth follows, where there is more than one."""
    depths: tuple[int, ...]
    stems: tuple[str, ...] = ("small", "imagenet")
    """Its first layers: for small images, or for ImageNet's."""
    optional_batch_norm: bool = False
    """Whether it exists without batch norm."""
    pools: int = 0
    """How many max-pools can be left out for small images."""

    def named(self, depth: int | str) -> str:
        """`ResNet-18`; of one depth only, the label."""
        return self.label if len(self.depths) == 1 else f"{self.label}-{depth}"

    @abstractmethod
    def least_image_size(self, architecture: Shape) -> int:
        """The smallest side of an image, pixels, of which the last convolution still sees one."""

    @abstractmethod
    def convolutions(self, architecture: Shape) -> int:
        """How many it has, those of downsampling shortcuts included."""

    @abstractmethod
    def layers(self, network: Layers, architecture: Shape) -> None:
        """Tell its convolutions and poolings, in the order in which they are called."""

    def hidden_weights(self, architecture: Shape) -> int:
        """How many prunable weights its linear layers have."""
        return 0
