"""What AlexNet and VGG have in common: layers in a row, pooling to one size, a classifier."""

from torch import Tensor, nn


class Feedforward(nn.Module):
    """Parameters are named as torchvision's."""

    def __init__(self, features: nn.Sequential, pooled: int, classifier: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((pooled, pooled))
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, H) to logits (B, outputs)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
