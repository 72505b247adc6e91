"""Networks, subsets, rewind points and scopes are told in words."""

import pytest

from lottery import config, words
from lottery.specs import Architecture, Rewind, Subset
from tests.conftest import REPOSITORY

PAPER = config.load([REPOSITORY / "config.yaml"])


@pytest.mark.parametrize(
    ("made", "name", "said"),
    [
        ({"model": "resnet", "depth": 50, "stem": "imagenet"}, "resnet50", "ResNet-50"),
        ({"model": "vgg", "depth": 19}, "cifar-vgg19", "VGG-19"),
        ({"model": "alexnet", "depth": 8}, "alexnet", "AlexNet"),
        ({"model": "alexnet", "depth": 8, "width": 8}, "alexnet", "AlexNet, width 8"),
        (
            {"model": "alexnet", "depth": 8, "variant": "rotnet"},
            "alexnet",
            "AlexNet, variant rotnet",
        ),
        ({"model": "resnet", "depth": 18, "width": 16}, "cifar-resnet18", "ResNet-18, width 16"),
        (
            {"model": "resnet", "depth": 18, "width": 16},
            "resnet50",
            "ResNet-18, width 16 (for ResNet-50)",
        ),
        ({"model": "vgg", "depth": 11}, "alexnet", "VGG-11 (for AlexNet)"),
        ({"model": "resnet", "depth": 18}, "mine", "ResNet-18"),
    ],
)
def test_a_network_is_told_with_what_it_stands_in_for(made, name, said):
    assert words.network(Architecture(**made), name) == said


@pytest.mark.parametrize(
    ("ticket", "scope", "counted"),
    [
        ("labels-alexnet", "all", ""),
        ("labels-alexnet-conv1", "first convolution", "in the first convolution"),
        ("random-alexnet-conv3", "first 3 convolutions", "in the first 3 convolutions"),
        ("rotnet-alexnet-conv5", "all 5 convolutions", "in all 5 convolutions"),
        ("labels-resnet50-conv43", "first 43 convolutions", "in the first 43 convolutions"),
    ],
)
def test_a_scope_is_told_in_convolutions(ticket, scope, counted):
    chain = PAPER.chain(f"imagenet-{ticket}", 0)
    assert words.scope(chain) == scope
    assert words.counted(chain) == counted


def test_weights_that_see_only_padding_are_not_counted_where_they_are_not_prunable():
    chain = PAPER.chain("imagenet-labels-alexnet-conv3", 0).model_copy(update={"excluded_at": 224})
    assert words.counted(chain) == "that see pixels in the first 3 convolutions"


@pytest.mark.parametrize(
    ("drawn", "task", "said"),
    [
        ({}, "labels", "100 %"),
        ({"images": 0.3}, "labels", "30 % of images"),
        ({"images": 0.07}, "labels", "7 % of images"),
        ({"images": 0.1}, "semi-supervised", "10 % of labels"),
        ({"images": 5}, "labels", "5 images a class"),
        ({"classes": 0.01}, "labels", "1 % of classes"),
        ({"classes": 10}, "labels", "10 classes"),
        ({"images": 0.5, "classes": 0.3}, "labels", "50 % of images, 30 % of classes"),
    ],
)
def test_a_subset_is_told_by_what_is_drawn(drawn, task, said):
    assert words.subset(Subset(**drawn), task) == said


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"samples": 3843501}, "3.8 million samples"),
        ({"samples": 1360}, "1,360 samples"),
        ({"epochs": 3.0}, "3 epochs"),
        ({"epochs": 1.0}, "1 epoch"),
        ({"updates": 2500}, "2500 updates"),
        ({"percent": 3.3}, "3.3 % of training"),
        ({"percent": 16.7}, "17 % of training"),
        ({"epochs": 3.0, "schedule": "continue"}, "3 epochs, schedule continued"),
        ({"none": True}, "learning-rate rewinding"),
        ({"none": True, "schedule": "end"}, "fine-tuning"),
    ],
)
def test_a_rewind_point_is_told_in_its_own_unit(point, said):
    assert words.rewind(Rewind(**point)) == said


@pytest.mark.parametrize(
    ("dataset", "overlay", "said"),
    [
        ("imagenet", [], "validation"),
        ("places365", [], "validation"),
        ("cifar10", [], "test"),
        ("imagenet", ["config/cpu.yaml"], "validation"),
        ("imagenet", ["config/demo.yaml"], "test"),
    ],
)
def test_imagenets_images_are_for_validation_and_those_of_packages_for_tests(
    dataset, overlay, said
):
    settings = config.load([REPOSITORY / file for file in ("config.yaml", *overlay)])
    assert words.split(settings.dataset(dataset)) == said
