"""The claims of the paper's later version (arXiv 2001.03554), as `paper` has the first one's.

That version draws each mask twice: with its W_k, and "Random Reinit", with weights drawn anew. Of
both it is not known here at which rounds it claims what (docs/paper.md, "The later version"), so
that all pruned rounds count.
"""

from lottery.claims.comparisons import Gap, Growth
from lottery.claims.judges import as_good, better, not_better
from lottery.claims.networks import PRUNED, RESNET18, RESNET50, VGG19, Network
from lottery.claims.paper import SELF_SUPERVISED, Claim

NETWORKS = (("v2-cifar10", RESNET18), ("v2-cifar10", VGG19), ("v2-imagenet", RESNET50))
TASKS = [
    (figure, network, task, name)
    for figure, network in NETWORKS
    for task, name in SELF_SUPERVISED.items()
]


def reinitialised(network: Network, task: str) -> str:
    """The ticket that has the mask of a task's ticket, and weights drawn anew."""
    return f"{network.ticket(task)}-reinitialised"


def boost(network: Network, task: str) -> Gap:
    """What W_k is worth to the masks of a task, at all pruned rounds."""
    ticket, again = network.ticket(task), reinitialised(network, task)
    return network.between(ticket, again, PRUNED, network.ticket("labels"))


LATER_CLAIMS: tuple[Claim, ...] = (
    *(
        Claim(
            "v2",
            figure,
            f"{network.name}: {name} masks with weights drawn anew do as well as those of labels",
            network.between(
                reinitialised(network, task),
                reinitialised(network, "labels"),
                PRUNED,
                network.ticket("labels"),
            ),
            as_good,
        )
        for figure, network, task, name in TASKS
    ),
    *(
        Claim(
            "v2",
            figure,
            f"{network.name}: W_k gives labels masks a boost (it is better than weights drawn "
            "anew)",
            boost(network, "labels"),
            better,
        )
        for figure, network in NETWORKS
    ),
    *(
        # "Hardly": at no round more than the margin. A W_k that harms is no boost either.
        Claim(
            "v2",
            figure,
            f"{network.name}: W_k gives {name} masks hardly a boost (it is not better than weights "
            "drawn anew)",
            boost(network, task),
            not_better,
        )
        for figure, network, task, name in TASKS
    ),
    *(
        # That one boost is shown and another is not does not show that they differ.
        Claim(
            "v2",
            figure,
            f"{network.name}: W_k is worth more to labels masks than to {name} masks",
            Growth((boost(network, task), boost(network, "labels")), (name, "labels")),
            better,
        )
        for figure, network, task, name in TASKS
    ),
)
