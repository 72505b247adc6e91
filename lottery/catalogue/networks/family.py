"""What a config has to know of a family of networks."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lottery.geometry import Layers
    from lottery.specs import Architecture


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
    def least_image_size(self, architecture: "Architecture") -> int:
        """The smallest side of an image, pixels, of which the last convolution still sees one."""

    @abstractmethod
    def convolutions(self, architecture: "Architecture") -> int:
        """How many it has, those of downsampling shortcuts included."""

    @abstractmethod
    def layers(self, network: "Layers", architecture: "Architecture") -> None:
        """Tell its convolutions and poolings, in the order in which they are called."""

    def hidden_weights(self, architecture: "Architecture") -> int:
        """How many prunable weights its linear layers have."""
        return 0
