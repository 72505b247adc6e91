"""The paper's networks, and its terms for how far they are pruned."""

from dataclasses import dataclass, replace
from typing import Self

from lottery.claims.comparisons import SPARSE, Gap, Tickets
from lottery.claims.rounds import Between, Rounds

DENSE = Between("100 % left", 1, 2)
PRUNED = Between("less than 100 % left", 0, 1)
# Section 4.2: "extreme pruning, i.e., for more than 90% of weights pruned", the paper's only
# definition. Section 5: "moderate pruning rates (more than ~10% of unpruned weights)".
MODERATE = Between("from 10 to less than 100 % left", 0.1, 1)
EXTREME = Between("less than 10 % left", 0, 0.1)
# Of these, where Section 4.5 adjusts no random mask.
UNADJUSTED = Between("from 15 to less than 100 % left", SPARSE, 1)
# Section 5: pruning "below 80%" is simple on CIFAR-10, where that many weights are zero anyway.
SIMPLE = Between("from 20 to less than 100 % left", 0.2, 1)
RANDOM = "random"
"""The baseline among the tasks of a network's tickets."""


@dataclass(frozen=True)
class Network:
    """How the tickets of an architecture are named and evaluated.

    Where they are `adjusted`, its random baseline is the adjusted one for few weights.
    """

    name: str
    evaluation: str
    pattern: str
    adjusted: bool = False

    def gap(self, a: str, b: str, at: Rounds, reference: str = "labels") -> Gap:
        """Tickets of one task or subset minus those of another, of the same rounds.

        The reference of both is labels tickets, unless the claim names others.
        """
        found = self.between(self.ticket(a), self.ticket(b), at, self.ticket(reference))
        return replace(found, b=self.random(at)) if b == RANDOM else found

    def between(self, a: str, b: str, at: Rounds, reference: str, any_budget: bool = False) -> Gap:
        """The same for tickets by their full names, in this network's evaluation."""
        first, second, third = (Tickets(ticket, at) for ticket in (a, b, reference))
        return Gap(self.evaluation, first, second, third, self.random(at), any_budget)

    def random(self, at: Rounds) -> Tickets:
        """The random baseline: where it is adjusted, only below 15 % (Section 4.5)."""
        adjusted = self.ticket(f"adjusted-{RANDOM}") if self.adjusted else None
        return Tickets(self.ticket(RANDOM), at, adjusted)

    def loss(self, task: str, at: Rounds) -> Gap:
        """The full network minus pruned tickets.

        It is a random ticket of which all weights remain: drawn anew, and trained as long as
        tickets are. It is its own reference, above random tickets that are pruned as far.
        """
        dense = Tickets(self.ticket(RANDOM), DENSE)
        pruned = Tickets(self.ticket(task), at)
        return Gap(self.evaluation, dense, pruned, dense, self.random(at))

    def trivial_loss(self, task: str, at: Rounds) -> Gap:
        """The same where any pruning is claimed to lose nothing, that of random tickets too."""
        return replace(self.loss(task, at), random=None)

    def ticket(self, task: str) -> str:
        """A ticket's name."""
        return self.pattern.format(task)

    def up_to(self, convolution: int) -> Self:
        """The same network with only the first convolutions pruned."""
        return replace(self, pattern=f"{self.pattern}-conv{convolution}")


RESNET18 = Network("ResNet-18", "cifar10", "cifar10-{}-resnet18", adjusted=True)
VGG19 = Network("VGG-19", "cifar10", "cifar10-{}-vgg19", adjusted=True)
RESNET50 = Network("ResNet-50", "imagenet-resnet50", "imagenet-{}-resnet50")
ALEXNET = Network("AlexNet", "imagenet-alexnet", "imagenet-{}-alexnet")
