"""The paper's claims, in its order: section, figure, words, what is compared, when it holds."""

from dataclasses import dataclass
from math import log

from lottery.claims.comparisons import Comparison, Growth, Saving, Sparsity
from lottery.claims.judges import (
    Judge,
    as_good,
    at_least,
    at_most,
    better,
    differs,
    not_better,
    within,
)
from lottery.claims.networks import (
    ALEXNET,
    EXTREME,
    MODERATE,
    PRUNED,
    RANDOM,
    RESNET18,
    RESNET50,
    SIMPLE,
    UNADJUSTED,
    VGG19,
)
from lottery.claims.rounds import Nearest

SELF_SUPERVISED = {"rotnet": "RotNet", "exemplar": "Exemplar"}
LABEL_AGNOSTIC = [
    (figure, network, task, name)
    for figure, network in (("fig1a", RESNET18), ("fig1a", VGG19), ("fig1b", RESNET50))
    for task, name in SELF_SUPERVISED.items()
]
LABELS = "imagenet-labels-resnet50"
IMAGES = "imagenet-images-10-resnet50"


@dataclass(frozen=True)
class Claim:
    """One statement of the paper and how it is checked."""

    section: str
    figure: str
    words: str
    comparison: Comparison
    judge: Judge


CLAIMS: tuple[Claim, ...] = (
    # Section 4.1: label-agnostic winning tickets
    *(
        Claim(
            "4.1",
            "fig1a",
            f"{network.name}: with 6.9 % left, RotNet tickets do as well as labels tickets",
            network.gap("rotnet", "labels", Nearest(0.069)),
            as_good,
        )
        for network in (RESNET18, VGG19)
    ),
    *(
        Claim(
            "4.1",
            figure,
            f"{network.name}: severely pruned, {name} tickets are better than random ones",
            network.gap(task, RANDOM, EXTREME),
            better,
        )
        for figure, network, task, name in LABEL_AGNOSTIC
    ),
    *(
        Claim(
            "4.1",
            figure,
            f"{network.name}: the gap between {name} and random tickets grows with severe pruning",
            Growth(
                (
                    network.gap(task, RANDOM, UNADJUSTED if network.adjusted else MODERATE),
                    network.gap(task, RANDOM, EXTREME),
                ),
                ("moderate", "extreme pruning"),
            ),
            better,
        )
        for figure, network, task, name in LABEL_AGNOSTIC
    ),
    *(
        Claim(
            "4.1",
            figure,
            f"{network.name}: extremely pruned, {name} tickets do as well as labels tickets",
            network.gap(task, "labels", EXTREME),
            as_good,
        )
        for figure, network, task, name in LABEL_AGNOSTIC
    ),
    *(
        Claim(
            "4.1",
            "fig1b",
            f"AlexNet: {name} tickets fail (labels tickets are better)",
            ALEXNET.gap("labels", task, PRUNED),
            better,
        )
        for task, name in SELF_SUPERVISED.items()
    ),
    *(
        Claim(
            "4.1",
            "fig2",
            f"AlexNet, {scope} pruned: RotNet tickets match labels tickets",
            ALEXNET.up_to(convolution).gap("rotnet", "labels", PRUNED),
            as_good,
        )
        for convolution, scope in (
            (1, "first convolution"),
            (3, "first 3 convolutions"),
            (5, "all 5 convolutions"),
        )
    ),
    Claim(
        "4.1",
        "fig2",
        "AlexNet: the performance of RotNet tickets drops only with the MLP",
        Growth(
            (
                ALEXNET.up_to(5).gap("labels", "rotnet", PRUNED),
                ALEXNET.gap("labels", "rotnet", PRUNED),
            ),
            ("5 convolutions", "all"),
        ),
        better,
    ),
    # Section 4.2: low-shot winning tickets
    *(
        # "There is a gap of 1 - 4%": both ends, each at every round.
        Claim(
            "4.2",
            "fig3",
            f"Less extremely pruned, tickets from 10 % of the images lose {words}",
            RESNET50.gap("labels", "images-10", MODERATE),
            judge,
        )
        for words, judge in (
            ("at least 1 point against those from all", at_least(1)),
            ("at most 4 points against those from all", at_most(4)),
        )
    ),
    *(
        Claim(
            "4.2",
            "fig3",
            f"Extremely pruned, tickets from {share} % of the images do as well as those from all",
            RESNET50.gap(f"images-{share}", "labels", EXTREME),
            as_good,
        )
        for share in (30, 10, 1)
    ),
    Claim(
        "4.2",
        "cost",
        "Tickets from 10 % of the images take 5x less time to find",
        Saving(LABELS, IMAGES),
        at_least(log(5)),
    ),
    *(
        # "While keeping the subsets size constant": against as many images of all classes.
        Claim(
            "4.2",
            "fig3",
            f"Fewer classes have little effect: {share} % of them do as well as {share} % of each "
            "class's images",
            RESNET50.gap(f"classes-{share}", f"images-{share}", PRUNED, f"images-{share}"),
            as_good,
        )
        for share in (30, 10, 1)
    ),
    Claim(
        "4.2",
        "fig3",
        "Good performance with only 1 % of the classes (better than random tickets)",
        RESNET50.gap("classes-1", RANDOM, EXTREME),
        better,
    ),
    Claim(
        "4.2",
        "cost",
        "1 % of the classes lead to a 10x faster generation",
        Saving(LABELS, "imagenet-classes-1-resnet50"),
        at_least(log(10)),
    ),
    *(
        Claim(
            "4.2",
            "fig4",
            f"{network.name}: tickets from permuted labels are not better than adjusted random",
            network.gap("permuted-labels", RANDOM, EXTREME),
            not_better,
        )
        for network in (RESNET18, VGG19)
    ),
    *(
        Claim(
            "4.2",
            "fig4",
            f"{network.name}: permuted labels destroy the tickets (labels tickets are better)",
            network.gap("labels", "permuted-labels", EXTREME),
            better,
        )
        for network in (RESNET18, VGG19)
    ),
    # Section 4.3: semi-supervised winning tickets. They can be better only where tickets differ: at
    # extreme pruning all are "in the same ballpark" (4.2), at odds with a lead over all rounds.
    *(
        Claim(
            "4.3",
            "fig5",
            f"Moderately pruned, {words} tickets",
            RESNET50.gap(a, b, MODERATE),
            better,
        )
        for a, b, words in (
            ("images-10", "rotnet", "low-shot tickets (10 % of images) are better than RotNet"),
            ("semi-supervised", "images-10", "semi-supervised tickets are better than low-shot"),
            ("semi-supervised", "rotnet", "semi-supervised tickets are better than RotNet"),
        )
    ),
    # Section 4.4: winning tickets transferred from other data sets
    Claim(
        "4.4",
        "fig5",
        "Moderately pruned, 10 % of the images give better tickets than Places365",
        RESNET50.between(IMAGES, "places365-labels-resnet50", MODERATE, LABELS),
        better,
    ),
    # Section 4.5 and Appendix D: pruning deep networks on CIFAR-10
    *(
        Claim(
            "4.5",
            "fig6",
            f"A trained {name} is {percent} % sparse on CIFAR-10 (3 points more or less count)",
            Sparsity(f"cifar10-labels-{network}", percent),
            within(3),
        )
        for name, network, percent in (("VGG-19", "vgg19", 84.5), ("ResNet-18", "resnet18", 80.3))
    ),
    *(
        Claim(
            section,
            figure,
            f"A trained {name} is sparser on CIFAR-10 than on ImageNet",
            Sparsity(f"cifar10-labels-{network}", f"imagenet-labels-{network}"),
            better,
        )
        for section, figure, name, network in (
            ("4.5", "fig6", "VGG-19", "vgg19"),
            ("4.5", "fig6", "ResNet-18", "resnet18"),
            ("D", "fig9", "VGG-11", "vgg11"),
            ("D", "fig9", "VGG-13", "vgg13"),
            ("D", "fig9", "VGG-16", "vgg16"),
            ("D", "fig9", "ResNet-34", "resnet34"),
            ("D", "fig9", "ResNet-50", "resnet50"),
        )
    ),
    *(
        Claim(
            "4.5",
            "fig1a",
            f"{network.name}: pruning less than 80 % on CIFAR-10 is trivial, it loses no accuracy",
            network.trivial_loss("labels", SIMPLE),
            not_better,
        )
        for network in (RESNET18, VGG19)
    ),
    # Section 5: discussion
    Claim(
        "5",
        "fig3",
        "A subset is sufficient: extremely pruned, 10 % of the images beat random tickets",
        RESNET50.gap("images-10", RANDOM, EXTREME),
        better,
    ),
    *(
        Claim(
            "5",
            figure,
            f"Moderately pruned, {name} do not match labels tickets",
            RESNET50.gap("labels", ticket, MODERATE),
            better,
        )
        for figure, ticket, name in (
            ("fig1b", "rotnet", "RotNet tickets"),
            ("fig1b", "exemplar", "Exemplar tickets"),
            ("fig3", "images-30", "tickets from 30 % of images"),
            ("fig3", "images-1", "tickets from 1 % of images"),
            ("fig3", "classes-30", "tickets from 30 % of classes"),
            ("fig3", "classes-10", "tickets from 10 % of classes"),
            ("fig3", "classes-1", "tickets from 1 % of classes"),
            ("fig5", "semi-supervised", "semi-supervised tickets"),
        )
    ),
    *(
        Claim(
            "5",
            figure,
            f"Moderately pruned, {name} are worse than the full network",
            RESNET50.loss(ticket, MODERATE),
            better,
        )
        for figure, ticket, name in (
            ("fig1b", "rotnet", "RotNet tickets"),
            ("fig3", "images-10", "tickets from 10 % of images"),
        )
    ),
    *(
        # Appendix B; the paper does not say in which direction.
        Claim(
            "5",
            "fig7",
            f"Tickets are sensitive to late resetting: those of {words} differ from those of "
            "3.8 million samples",
            # What is behind W_k differs, and is what is claimed to matter.
            RESNET50.between(f"{IMAGES}-{unit}", IMAGES, PRUNED, IMAGES, any_budget=True),
            differs,
        )
        for unit, words in (
            ("epochs", "3 epochs"),
            ("updates", "2500 updates"),
            ("percent", "3.3 % of the training"),
        )
    ),
    # Appendix C. The top row of Figure 8 is Figure 2.
    *(
        Claim(
            "C",
            "fig8",
            f"ResNet-50, first {convolutions} convolutions pruned: RotNet and labels compete",
            RESNET50.up_to(convolutions).gap("rotnet", "labels", PRUNED),
            as_good,
        )
        for convolutions in (11, 24)
    ),
    Claim(
        "C",
        "fig8",
        "ResNet-50: the lead of labels over RotNet grows with depth (11, 24, 43 convolutions, all)",
        Growth(
            (
                *(RESNET50.up_to(depth).gap("labels", "rotnet", PRUNED) for depth in (11, 24, 43)),
                RESNET50.gap("labels", "rotnet", PRUNED),
            ),
            ("11", "24", "43 convolutions", "all"),
        ),
        better,
    ),
)
