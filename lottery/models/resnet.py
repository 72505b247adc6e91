"""ResNets (He et al., 2016) with a stem for small or for ImageNet's images, at any width.

Parameters are named as torchvision's, and at full width a network computes the same. They are
written out here as importing torchvision takes as long as importing torch.
"""

from torch import Tensor, nn

from lottery.catalogue.networks.resnet import BLOCKS, bottleneck
from lottery.models.initial import kaiming
from lottery.specs import Architecture


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        downsample = shortcut(before, width, stride)
        self.conv1 = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, H) to (B, width, H / stride, H / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Bottleneck(nn.Module):
    """A 3x3 convolution between 1x1 convolutions to fewer and to four times as many channels.

    Its stride is in the 3x3 convolution, as in most implementations ("ResNet v1.5").
    """

    expansion = 4

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        downsample = shortcut(before, 4 * width, stride)
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, H) to (B, 4 * width, H / stride, H / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    """A stem, four stages of blocks, each of twice the width at half the resolution, and a head."""

    def __init__(self, architecture: Architecture, outputs: int) -> None:
        super().__init__()
        width, blocks = architecture.width, BLOCKS[architecture.depth]
        block = Bottleneck if bottleneck(architecture) else BasicBlock
        if architecture.stem == "small":
            self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
            self.maxpool: nn.Module = nn.Identity()
        else:
            self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _stage(block, width, width, blocks[0], stride=1)
        self.layer2 = _stage(block, width * block.expansion, 2 * width, blocks[1], stride=2)
        self.layer3 = _stage(block, 2 * width * block.expansion, 4 * width, blocks[2], stride=2)
        self.layer4 = _stage(block, 4 * width * block.expansion, 8 * width, blocks[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = classifier(architecture, 8 * width * block.expansion, outputs)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, H) to logits (B, outputs)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def shortcut(before: int, after: int, stride: int) -> nn.Sequential | None:
    """What a block adds its input through; None where the shapes agree."""
    if stride == 1 and before == after:
        return None
    return nn.Sequential(
        nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after)
    )


def _stage(
    block: type[BasicBlock | Bottleneck], before: int, width: int, blocks: int, stride: int
) -> nn.Sequential:
    first = block(before, width, stride)
    return nn.Sequential(
        first, *(block(width * block.expansion, width, 1) for _ in range(blocks - 1))
    )


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """`stem: small` is a 3x3 convolution without pooling, for images of 32 pixels or so."""
    return ResNet(architecture, outputs)


def classifier(architecture: Architecture, features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head, by torch's defaults."""
    return nn.Linear(features, outputs)
