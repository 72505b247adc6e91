"""config.yaml against the paper: Appendix A line by line, Section 3.2, Appendix B, the data."""

from typing import NamedTuple

import pytest
import torch

from lottery import config, models
from lottery.catalogue.tasks import TASKS
from lottery.config.entries import BaselineTicket, EvaluatedFigure, FoundTicket
from lottery.pruning.prunable import prunable
from lottery.pruning.selection import remaining_after
from lottery.specs import Augmentation, Rewind, Subset, images_per_update
from tests.conftest import REPOSITORY

PAPER = config.load([REPOSITORY / "config.yaml"])
FOUND = {name: entry for name, entry in PAPER.tickets.items() if isinstance(entry, FoundTicket)}

RESNET50, ALEXNET = [("resnet", 50)], [("alexnet", 8)]
CIFAR_NETWORKS = [("vgg", 19), ("resnet", 18)]
NOISE = ("colour, after Zhai et al.",)
INVARIANCES = ("colour", "small rotations")


class Line(NamedTuple):
    """A line of Appendix A as it is printed, and what of the config it is about."""

    title: str
    epochs: int
    batch: int
    gpus: int
    per_gpu: int
    rate: float
    warmup: int
    weight_decay: float
    milestones: tuple[int, ...]
    extras: tuple[str, ...] | None
    """On top of the data set's standard augmentation; None: no augmentation at all."""
    dataset: str
    subset: str
    networks: list[tuple[str, int]]
    recipes: dict[str, str]
    """By generation task."""


IMAGENET = [
    Line(
        "ImageNet Labels - full dataset - AlexNet",
        *(90, 4096, 8, 512, 0.4, 0, 0.0001, (30, 60), ()),
        *("imagenet", "all", ALEXNET, {"labels": "imagenet-labels-alexnet"}),
    ),
    Line(
        "ImageNet Labels - full dataset - ResNet-50",
        *(90, 1536, 16, 96, 0.1, 0, 0.0001, (50, 65, 80), ()),
        *("imagenet", "all", RESNET50, {"labels": "imagenet-labels-resnet50"}),
    ),
    Line(
        "ImageNet Labels - 30% dataset",
        *(200, 1536, 16, 96, 0.1, 5, 0.0003, (140, 160, 180), ()),
        *("imagenet", "images-30", RESNET50, {"labels": "imagenet-images-30"}),
    ),
    Line(
        "ImageNet Labels - 30% of classes",
        *(200, 1536, 16, 96, 0.03, 5, 0.001, (140, 160, 180), ()),
        *("imagenet", "classes-30", RESNET50, {"labels": "imagenet-classes-30"}),
    ),
    Line(
        "ImageNet Labels - 10% dataset",
        *(200, 768, 8, 96, 0.1, 5, 0.001, (140, 160, 180), ()),
        *("imagenet", "images-10", RESNET50, {"labels": "imagenet-images-10"}),
    ),
    Line(
        "ImageNet Labels - 10% of classes",
        *(200, 768, 8, 96, 0.3, 5, 0.0003, (140, 160, 180), ()),
        *("imagenet", "classes-10", RESNET50, {"labels": "imagenet-classes-10"}),
    ),
    Line(
        "ImageNet Labels - 1% dataset",
        *(1000, 768, 8, 96, 0.1, 0, 0.001, (700, 800, 900), NOISE),
        *("imagenet", "images-1", RESNET50, {"labels": "imagenet-images-1"}),
    ),
    Line(
        "ImageNet Labels - 1% of classes",
        *(1000, 768, 8, 96, 0.01, 0, 0.003, (700, 800, 900), NOISE),
        *("imagenet", "classes-1", RESNET50, {"labels": "imagenet-classes-1"}),
    ),
    Line(
        "ImageNet Semi-supervised RotNet",
        *(200, 2048, 32, 64, 0.1, 5, 0.0003, (140, 160, 180), ()),
        *("imagenet", "images-10", RESNET50, {"semi-supervised": "imagenet-semi-supervised"}),
    ),
    Line(
        "ImageNet RotNet - ResNet-50",
        *(90, 1536, 16, 96, 1, 5, 0.00001, (50, 65, 80), ()),
        *("imagenet", "all", RESNET50, {"rotnet": "imagenet-rotnet-resnet50"}),
    ),
    Line(
        "ImageNet Exemplar - ResNet-50",
        *(30, 1536, 32, 48, 1, 0, 0.00001, (20, 25), INVARIANCES),
        *("imagenet", "all", RESNET50, {"exemplar": "imagenet-exemplar-resnet50"}),
    ),
    Line(
        "ImageNet RotNet - AlexNet",
        *(90, 8192, 16, 512, 0.5, 2, 0.00001, (30, 60), ()),
        *("imagenet", "all", ALEXNET, {"rotnet": "imagenet-rotnet-alexnet"}),
    ),
    Line(
        "ImageNet Exemplar - AlexNet",
        *(30, 4096, 16, 256, 0.1, 0, 0.0001, (20,), INVARIANCES),
        *("imagenet", "all", ALEXNET, {"exemplar": "imagenet-exemplar-alexnet"}),
    ),
    Line(
        "Places Labels - ResNet-50",
        *(90, 2048, 16, 128, 0.1, 0, 0.0001, (50, 65, 80), ()),
        *("places365", "all", RESNET50, {"labels": "places365-labels"}),
    ),
]
CIFAR = [
    Line(
        "CIFAR-10 Labels & RotNet - VGG-19 & ResNet-18",
        *(160, 512, 1, 512, 0.001, 0, 0.0001, (80, 120), ()),
        *("cifar10", "all", CIFAR_NETWORKS),
        {"labels": "cifar10-labels", "rotnet": "cifar10-rotnet"},
    ),
    Line(
        "CIFAR-10 Exemplar - VGG-19 & ResNet-18",
        *(180, 512, 1, 512, 0.0003, 0, 0.0001, (120,), INVARIANCES),
        *("cifar10", "all", CIFAR_NETWORKS, {"exemplar": "cifar10-exemplar"}),
    ),
    Line(
        "CIFAR-10 Randomly permuted labels - VGG-19 & ResNet-18",
        *(160, 512, 1, 512, 0.001, 0, 0.0001, (80, 120), None),
        *("cifar10", "all", CIFAR_NETWORKS, {"permuted-labels": "cifar10-permuted-labels"}),
    ),
]
LINES = IMAGENET + CIFAR
ENTRIES = [
    pytest.param(line, task, recipe, id=recipe)
    for line in LINES
    for task, recipe in line.recipes.items()
]

# Dense networks of Figures 6 and 9, and the source of transfer of Figure 5b: the paper gives them
# no line, so that each has the one of its data set.
WITHOUT_A_LINE = {
    "imagenet": [("resnet", 18), ("resnet", 34), *(("vgg", depth) for depth in (11, 13, 16, 19))],
    "cifar10": [("resnet", 34), ("resnet", 50), *(("vgg", depth) for depth in (11, 13, 16))],
}


def network(ticket):
    architecture = PAPER.architectures[PAPER.found(ticket).architecture]
    return architecture.model, architecture.depth


def line_of(dataset, subset, task, network):
    if network in WITHOUT_A_LINE.get(dataset, ()):
        assert (subset, task) == ("all", "labels")
        network = {"imagenet": RESNET50, "cifar10": CIFAR_NETWORKS}[dataset][0]
    (line,) = [
        line
        for line in LINES
        if (line.dataset, line.subset) == (dataset, subset)
        and task in line.recipes
        and network in line.networks
    ]
    return line


def test_each_recipe_has_its_line_and_each_line_its_recipe():
    assert sorted(PAPER.recipes) == sorted(name for line in LINES for name in line.recipes.values())


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_a_recipe_has_the_numbers_of_its_line(line, task, name):
    recipe = PAPER.recipes[name]
    said = {
        "epochs": line.epochs,
        "batch_size": line.batch,
        "micro_batches": line.gpus,
        "learning_rate": line.rate,
        "warmup_epochs": line.warmup,
        "weight_decay": line.weight_decay,
        "milestones": line.milestones,
        "gamma": 0.1,
    }
    assert {key: getattr(recipe, key) for key in said} == said
    assert recipe.batch_size / recipe.micro_batches == line.per_gpu


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_sgd_with_momentum_on_imagenet_and_places_and_adam_on_cifar10(line, task, name):
    recipe = PAPER.recipes[name]
    if line in CIFAR:
        assert recipe.optimizer == "adam"
    else:
        assert (recipe.optimizer, recipe.momentum) == ("sgd", 0.9)


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_images_are_augmented_as_the_line_says(line, task, name):
    augmentation = PAPER.recipes[name].augmentation
    if line.extras is None:
        assert augmentation == Augmentation()
        return
    assert augmentation.flip
    if line in CIFAR:
        assert (augmentation.crop_padding, augmentation.resized_crop) == (2, None)
    else:
        assert augmentation.crop_padding == 0
        assert augmentation.resized_crop
    colours = ("brightness", "contrast", "saturation", "hue")
    assert {getattr(augmentation, key) > 0 for key in colours} == {"colour" in line.extras}
    assert augmentation.hsv_noise == (line.extras == NOISE)
    assert (0 < augmentation.rotation <= 20) == ("small rotations" in line.extras)
    assert augmentation.rotation == 0 or "small rotations" in line.extras


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_keys_of_one_task_stand_in_its_recipes_only(line, task, name):
    recipe = PAPER.recipes[name]
    assert (recipe.exemplar is not None) == (task == "exemplar")
    assert (recipe.batch_counts == "copies") == (task in ("rotnet", "semi-supervised"))
    assert recipe.rotation_weight == 1, "Section 4.3: the sum of both losses"


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_a_gpu_has_as_many_inputs_whatever_the_task(line, task, name):
    """What batch sizes count is read off this: rotated copies for RotNet, images for Exemplar."""
    recipe, views = PAPER.recipes[name], TASKS[task].views
    inputs = views * images_per_update(recipe, views) / recipe.micro_batches
    others = {
        "imagenet-semi-supervised": 64,  # as in S4L, on twice as many GPUs
        "places365-labels": 128,
        "cifar10-exemplar": 2 * 512,  # small images, and one GPU has them all
    }
    usual = 512 if line in CIFAR or line.networks == ALEXNET else 96
    assert inputs == others.get(name, usual)


def saved_for_backward(architecture, side):
    """Bytes that a network in float32 keeps of an input for its backward pass, without weights."""

    def saved(images):
        found = {}
        model = models.skeleton(architecture).train()
        own = {each.untyped_storage()._cdata for each in (*model.parameters(), *model.buffers())}

        def pack(tensor):
            found[tensor.untyped_storage()._cdata] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            outputs = model(torch.empty(images, 3, side, side, device="meta"))
        assert outputs.requires_grad
        return sum(t.untyped_storage().nbytes() for key, t in found.items() if key not in own)

    return saved(3) - saved(2)


def test_96_images_in_four_rotations_are_more_than_a_gpu_of_2019_holds():
    """82 MiB an input: 96 inputs are 8 GiB, 384 inputs 31 GiB, where a V100 has 16 or 32 GB."""
    each = saved_for_backward(PAPER.architectures["resnet50"], 224)
    assert round(each / 2**20) == 82
    assert round(96 * each / 2**30) == 8
    assert round(384 * each / 2**30) == 31


IMAGES = config.load([REPOSITORY / "config.yaml", REPOSITORY / "config/rotnet-images.yaml"])


def test_the_other_reading_of_rotnets_batch_differs_in_nothing_else():
    assert IMAGES.scale == "rotnet-images"
    for name, recipe in PAPER.recipes.items():
        rotnet = name.split("-")[1] == "rotnet"
        other = recipe.model_copy(update={"batch_counts": "images"}) if rotnet else recipe
        assert IMAGES.recipes[name] == other
    assert IMAGES.tickets == PAPER.tickets


@pytest.mark.parametrize("scale", ["demo", "cpu", "quick"])
def test_smaller_scales_count_as_the_paper_does(scale):
    small = config.load([REPOSITORY / "config.yaml", REPOSITORY / f"config/{scale}.yaml"])
    for name, recipe in PAPER.recipes.items():
        assert small.recipes[name].batch_counts == recipe.batch_counts


@pytest.mark.parametrize("name", FOUND)
def test_a_ticket_is_found_with_the_recipe_of_its_line(name):
    entry = FOUND[name]
    line = line_of(entry.dataset, entry.subset, entry.task, network(name))
    assert entry.recipe == line.recipes[entry.task]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.title)
def test_each_line_finds_tickets_of_each_of_its_networks(line):
    used = {(entry.recipe, *network(name)) for name, entry in FOUND.items()}
    assert {(recipe, *n) for recipe in line.recipes.values() for n in line.networks} <= used


JUDGED = [
    pytest.param(block.evaluation, curve.ticket, id=f"{figure}-{curve.ticket}")
    for figure, entry in PAPER.figures.items()
    if isinstance(entry, EvaluatedFigure)
    for block in entry.panels.values()
    for curve in block.curves.values()
]


@pytest.mark.parametrize(("evaluation", "ticket"), JUDGED)
def test_a_ticket_is_judged_with_the_line_of_labels_for_its_network(evaluation, ticket):
    """Section 3.1: label classification on the full data set."""
    entry = PAPER.evaluations[evaluation]
    line = line_of(entry.dataset, "all", "labels", network(ticket))
    assert entry.recipe == line.recipes["labels"]


@pytest.mark.parametrize(
    ("name", "entry"), [(n, e) for n, e in PAPER.tickets.items() if isinstance(e, BaselineTicket)]
)
def test_the_random_baseline_is_adjusted_on_cifar10_only(name, entry):
    """Section 3.2 and 4.5; the second version of the paper shows both there."""
    adjusted = "adjusted-random" in name
    assert entry.baseline == ("adjusted-random" if adjusted else "random")
    assert PAPER.found(name).dataset == "cifar10" or not adjusted
    assert PAPER.found(name).task == "labels"


def test_a_round_prunes_a_fifth_up_to_30_times():
    """The second version of the paper draws the dense network and 14 rounds."""
    assert PAPER.pruning.fraction == 0.2
    rounds = PAPER.pruning.evaluated_rounds
    assert len(rounds) == 15
    assert {0, 1, 3, 6, 10, 12, 30} <= set(rounds)
    every = config.load([REPOSITORY / "config.yaml", REPOSITORY / "config/every-round.yaml"])
    assert every.pruning.evaluated_rounds == tuple(range(31))
    assert every.scale == PAPER.scale
    judged = [name for name, entry in PAPER.figures.items() if isinstance(entry, EvaluatedFigure)]
    assert {max(PAPER.figure_rounds(name)) for name in judged} == {30}


@pytest.mark.parametrize("name", sorted({entry.architecture for entry in FOUND.values()}))
def test_30_rounds_leave_an_eighth_of_a_percent(name):
    """0.8^30 is 0.124 %, which Section 3.2 rounds to 0.1 %."""
    weights = prunable(models.skeleton(PAPER.architectures[name])).values()
    total = sum(weight.numel() for weight in weights)
    left = remaining_after(total, PAPER.pruning.fraction, 30)
    assert 100 * left / total == pytest.approx(0.1238, abs=5e-5)


FIGURE_7 = {
    "imagenet-images-10-resnet50-epochs": Rewind(epochs=3),
    "imagenet-images-10-resnet50-updates": Rewind(updates=2500),
    "imagenet-images-10-resnet50-percent": Rewind(percent=3.3),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_ticket_is_rewound_to_the_point_of_appendix_b(name):
    late = Rewind(epochs=1) if FOUND[name].dataset == "cifar10" else Rewind(samples=3 * 1_281_167)
    assert PAPER.chain(name, 0).training.rewind == FIGURE_7.get(name, late)


def test_figure_7_shows_four_points_of_one_training():
    (panel,) = PAPER.figures["fig7"].panels.values()
    shown = {curve.ticket for curve in panel.curves.values() if curve.ticket in FOUND}
    assert shown == {"imagenet-images-10-resnet50", *FIGURE_7}
    assert len({PAPER.chain(name, 0).dense for name in shown}) == 1


def test_subsets_are_30_10_and_1_percent_of_images_or_classes():
    assert PAPER.subsets == {
        "all": Subset(),
        "images-30": Subset(images=0.3),
        "images-10": Subset(images=0.1),
        "images-1": Subset(images=0.01),
        "classes-30": Subset(classes=0.3),
        "classes-10": Subset(classes=0.1),
        "classes-1": Subset(classes=0.01),
    }


@pytest.mark.parametrize(
    ("name", "images", "classes"),
    [("cifar10", 50e3, 10), ("imagenet", 1.3e6, 1000), ("places365", 1.8e6, 365)],
)
def test_data_sets_are_as_large_as_the_paper_says(name, images, classes):
    """Sections 3.2 and 4.4."""
    dataset = PAPER.datasets[name]
    assert float(f"{dataset.train_images:.2g}") == images
    assert dataset.classes == classes


def test_a_percent_of_imagenet_is_13000_images_or_10_classes():
    """Section 4.2."""
    imagenet, subsets = PAPER.datasets["imagenet"], PAPER.subsets
    shares = [
        subsets[name].share(imagenet.train_images, imagenet.classes)
        for name in ("images-1", "classes-1")
    ]
    assert [float(f"{share * imagenet.train_images:.2g}") for share in shares] == [13e3, 13e3]
    assert subsets["classes-1"].classes * imagenet.classes == pytest.approx(10)
    assert subsets["classes-10"].classes * imagenet.classes == pytest.approx(100)
