"""The families of networks."""

from lottery.catalogue import Catalogue
from lottery.catalogue.networks.alexnet import AlexNet
from lottery.catalogue.networks.family import Family
from lottery.catalogue.networks.resnet import ResNet
from lottery.catalogue.networks.vgg import VGG

NETWORKS: Catalogue[Family] = Catalogue(
    "network", {"alexnet": AlexNet(), "resnet": ResNet(), "vgg": VGG()}
)
