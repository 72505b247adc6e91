"""The networks that the paper speaks of, and its words for how far they are pruned."""

from dataclasses import dataclass, replace
from typing import Self

from lottery.claims.comparisons import Between, Gap, Rounds, Tickets

DENSE = Between("100 % left", 1, 2)
PRUNED = Between("less than 100 % left", 0, 1)
# Section 4.2: "extreme pruning, i.e., for more than 90% of weights pruned", the paper's only
# definition. Section 5: "moderate pruning rates (more than ~10% of unpruned weights)".
MODERATE = Between("from 10 to less than 100 % left", 0.1, 1)
EXTREME = Between("less than 10 % left", 0, 0.1)
# Section 5: pruning "below 80%" is simple on CIFAR-10, where so many weights are zero anyway.
SIMPLE = Between("from 20 to less than 100 % left", 0.2, 1)


@dataclass(frozen=True)
class Network:
    """How the tickets of an architecture are named and judged; `random` is its baseline."""

    name: str
    evaluation: str
    pattern: str
    random: str

    def gap(self, a: str, b: str, at: Rounds, b_at: Rounds | None = None) -> Gap:
        """Tickets of one task or subset minus those of another; of the same rounds by default."""
        first = Tickets(self.pattern.format(a), at)
        second = Tickets(self.pattern.format(b), b_at or at)
        return Gap(self.evaluation, first, second)

    def up_to(self, convolution: int) -> Self:
        """The same network, of which only the first convolutions are pruned."""
        return replace(self, pattern=f"{self.pattern}-conv{convolution}")


RESNET18 = Network("ResNet-18", "cifar10", "cifar10-{}-resnet18", "adjusted-random")
VGG19 = Network("VGG-19", "cifar10", "cifar10-{}-vgg19", "adjusted-random")
RESNET50 = Network("ResNet-50", "imagenet-resnet50", "imagenet-{}-resnet50", "random")
ALEXNET = Network("AlexNet", "imagenet-alexnet", "imagenet-{}-alexnet", "random")
