"""ResNets (He et al., 2016): torchvision's, with a small-image stem and a chosen width."""

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from lottery.catalogue.networks.resnet import BLOCKS, bottleneck
from lottery.specs import Architecture


class _Adapted(ResNet):
    """torchvision's stages at another width; its constructor fixes them at 64 channels."""

    def __init__(self, architecture: Architecture, outputs: int) -> None:
        nn.Module.__init__(self)
        block: type[BasicBlock | Bottleneck] = (
            Bottleneck if bottleneck(architecture) else BasicBlock
        )
        width, blocks = architecture.width, BLOCKS[architecture.depth]
        self._norm_layer = nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = width, 1, 1, 64
        if architecture.stem == "small":
            self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
            self.maxpool: nn.Module = nn.Identity()
        else:
            self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._make_layer(block, width, blocks[0])
        self.layer2 = self._make_layer(block, 2 * width, blocks[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * width, blocks[2], stride=2)
        self.layer4 = self._make_layer(block, 8 * width, blocks[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = classifier(8 * width * block.expansion, outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def build(architecture: Architecture, outputs: int) -> nn.Module:
    """`stem: small` is a 3x3 convolution without pooling, for images of 32 pixels or so."""
    return _Adapted(architecture, outputs)


def classifier(features: int, outputs: int) -> nn.Linear:
    """A freshly initialised head, by torch's defaults."""
    return nn.Linear(features, outputs)
