"""Entries of config.yaml that do not fit each other, or the paper's networks, are told so."""

import pytest
import torch

from lottery import config, models
from lottery.specs import Architecture
from tests.conftest import REPOSITORY
from tests.unit.test_config import PAPER, complaint

KINDS = ["accuracy", "cost", "layers", "sparsity", "rewind"]
TOO_SMALL = "choose another architecture, fewer `pools`, or a larger image_size"
BASELINE = "is a baseline: it has no generation trainings"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"datasets": {"cifar10": {"image_size": 31}}},
            "config.yaml: tickets.cifar10-labels-vgg19.architecture: cifar-vgg19 needs images of "
            f"32 pixels or more, cifar10 has 31: {TOO_SMALL}",
        ),
        (
            {"tickets": {"cifar10-labels-resnet50": {"architecture": "alexnet"}}},
            "mine.yaml: tickets.cifar10-labels-resnet50.architecture: alexnet needs images of "
            f"63 pixels or more, cifar10 has 32: {TOO_SMALL}",
        ),
        (
            {"evaluations": {"imagenet-alexnet": {"dataset": "cifar10"}}},
            "config.yaml: figures.fig1b.panels.AlexNet.curves.RotNet: alexnet needs images of "
            f"63 pixels or more, cifar10 has 32: {TOO_SMALL}",
        ),
        (
            {"subsets": {"classes-1": {"classes": 0.001}}},
            "config.yaml: tickets.imagenet-classes-1-resnet50.subset: 'classes-1' is 1 of the "
            "1000 classes of imagenet; allowed: 2 to 1000",
        ),
        (
            {"tickets": {"cifar10-labels-vgg11": {"subset": "classes-10"}}},
            "mine.yaml: tickets.cifar10-labels-vgg11.subset: 'classes-10' is 1 of the 10 classes "
            "of cifar10; allowed: 2 to 10",
        ),
        (
            {"rewinds": {"imagenet": {"samples": 12_812_001}}},
            "config.yaml: tickets.imagenet-images-1-resnet50.rewind: 'imagenet' is after "
            "12812001 samples, the last is 12812000",
        ),
        (
            {
                "datasets": {"cifar10": {"train_images": 5121}},
                "rewinds": {"cifar10": {"epochs": None, "updates": 1601}},
            },  # a left-over image joins the tenth batch of 512
            "config.yaml: tickets.cifar10-labels-resnet18.rewind: 'cifar10' is after 1601 updates, "
            "the last is 1600",
        ),
        (
            {"rewinds": {"imagenet-epochs": {"epochs": 200.5}}},
            "config.yaml: tickets.imagenet-images-10-resnet50-epochs.rewind: 'imagenet-epochs' is "
            "after 200.5 epochs, the last is 200",
        ),
        (
            {
                "rewinds": {"cifar10": {"epochs": None, "none": True}},
                "baselines": {"start": "rewind"},
            },
            "config.yaml: tickets.cifar10-random-vgg19.start: 'cifar10-labels-vgg19' is not "
            "rewound (cifar10): it has no W_k to start from",
        ),
        (
            {
                "rewinds": {"cifar10": {"epochs": None, "none": True}},
                "tickets": {"cifar10-random-vgg19": {"budget": "equal"}},
            },
            "mine.yaml: tickets.cifar10-random-vgg19.budget: 'cifar10-labels-vgg19' is not rewound "
            "(cifar10): each round has another budget",
        ),
        (
            {"tickets": {"cifar10-random-vgg19": {"budget": "equal", "start": "rewind"}}},
            "mine.yaml: tickets.cifar10-random-vgg19.budget: found beside `start: rewind`, which "
            "has the budget of W_k; give one",
        ),
        (
            {
                "baselines": {"budget": "equal"},
                "recipes": {"cifar10-labels": {"epochs": 4, "milestones": []}},
                "rewinds": {"cifar10": {"epochs": None, "samples": 200_001}},
            },
            "config.yaml: tickets.cifar10-random-resnet18.budget: equal: W_k comes after 200,001 "
            "images, evaluation cifar10 ends after 200,000",
        ),
        (
            {
                "datasets": {"places365": {"train_images": None}},
                "rewinds": {"imagenet": {"samples": None, "epochs": 3}},
                "tickets": {
                    "places": {
                        "baseline": "random",
                        "of": "places365-labels-resnet50",
                        "budget": "equal",
                    }
                },
                "figures": {
                    "fig5": {"panels": {"(b) From other data sets": {"curves": {"p": "places"}}}}
                },
            },
            "mine.yaml: tickets.places.budget: equal: datasets.places365.train_images is needed to "
            "say when W_k is saved",
        ),
        (
            {"tickets": {"imagenet-labels-vgg11": {"rewind": "imagnet"}}},
            "mine.yaml: tickets.imagenet-labels-vgg11.rewind: no 'imagnet' among the rewinds; "
            "did you mean imagenet?",
        ),
        (
            {"tickets": {"imagenet-labels-alexnet-conv5": {"convolutions": 6}}},
            "mine.yaml: tickets.imagenet-labels-alexnet-conv5.convolutions: 6, but the network "
            "has 5",
        ),
        (
            {"tickets": {"imagenet-labels-resnet50-conv43": {"convolutions": 54}}},
            "mine.yaml: tickets.imagenet-labels-resnet50-conv43.convolutions: 54, but the network "
            "has 53",
        ),
        (
            {"tickets": {"imagenet-semi-supervised-resnet50": {"subset": "classes-10"}}},
            "mine.yaml: tickets.imagenet-semi-supervised-resnet50.subset: task semi-supervised "
            "needs a subset of `images`, those with labels",
        ),
        *(
            (
                {"recipes": {"imagenet-semi-supervised": {"batch_size": size, "micro_batches": 1}}},
                "config.yaml: tickets.imagenet-semi-supervised-resnet50.recipe: "
                f"imagenet-semi-supervised has {size // 4} images in a batch: half of them must "
                "be labelled, at least two",
            )
            for size in (8, 20)
        ),
        (
            {"recipes": {"imagenet-semi-supervised": {"epochs": 14, "milestones": []}}},
            "config.yaml: tickets.imagenet-semi-supervised-resnet50.rewind: 'imagenet' is after "
            "3843501 samples, the last is 3587276",
        ),
        *(
            (
                {"figures": {figure: {"panels": {panel: {"curves": {"x": name}}}}}},
                f"mine.yaml: figures.{figure}.panels.{panel}.curves.x: {name!r} {BASELINE}",
            )
            for figure, panel, name in [
                ("fig6", "VGG-19", "cifar10-adjusted-random-vgg19"),
                ("table1", "ResNet-50", "imagenet-random-resnet50"),
                ("cost", "ResNet-50", "imagenet-random-resnet50"),
            ]
        ),
        (
            {"figures": {"fig1b": {"seeds": [0, 1, 0]}}},
            "mine.yaml: figures.fig1b.seeds: must not repeat; found [0, 1, 0]",
        ),
        (
            {"figures": {"fig9": {"titel": "x"}}},
            "mine.yaml: figures.fig9.titel: unknown key; did you mean title?",
        ),
        (
            {"figures": {"fig1a": {"evaluated_round": [0]}}},
            "mine.yaml: figures.fig1a.evaluated_round: unknown key; did you mean evaluated_rounds?",
        ),
        (
            {"figures": {"table1": {"panels": {"ResNet-50": {"curve": {}}}}}},
            "mine.yaml: figures.table1.panels.ResNet-50.curve: unknown key; did you mean curves?",
        ),
        (
            {"tickets": {"imagenet-labels-alexnet": {"convolution": 1}}},
            "mine.yaml: tickets.imagenet-labels-alexnet.convolution: unknown key; "
            "did you mean convolutions?",
        ),
        (
            {"tickets": {"imagenet-random-alexnet": {"basline": "random"}}},
            "mine.yaml: tickets.imagenet-random-alexnet.basline: unknown key; "
            "did you mean baseline?",
        ),
        (
            {"datasets": {"imagenet": {"stored_size": 200}}},
            "mine.yaml: datasets.imagenet: stored_size 200 is less than image_size 224",
        ),
        (
            {"datasets": {"cifar10": {"stored_size": 40}}},
            "mine.yaml: datasets.cifar10: stored_size is a key of folders; the format is cifar10",
        ),
        (
            {"recipes": {"cifar10-labels": {"augmentation": {"resized_crop": 0.08}}}},
            "mine.yaml: recipes.cifar10-labels.augmentation: crop_padding and resized_crop are "
            "two ways to crop: give one",
        ),
        (
            {"recipes": {"imagenet-images-1": {"micro_batches": 7}}},
            "mine.yaml: recipes.imagenet-images-1: batch_size 768 is not a multiple of "
            "micro_batches 7",
        ),
        (
            {"recipes": {"imagenet-semi-supervised": {"batch_size": 2050}}},
            "mine.yaml: recipes.imagenet-semi-supervised: batch_size 2050 of copies is not "
            "a multiple of 4",
        ),
        (
            {"architectures": {"alexnet": {"variant": "2012"}}},
            "mine.yaml: architectures.alexnet: variant 2012 is unknown for alexnet, choose from "
            "deepcluster, rotnet, torchvision",
        ),
        (
            {"architectures": {"resnet50": {"variant": "rotnet"}}},
            "mine.yaml: architectures.resnet50: variant rotnet: a resnet has no variants",
        ),
        *(
            (
                {"architectures": {name: {"pools": pools}}},
                f"mine.yaml: architectures.{name}: pools {pools}: a {model} has {pools - 1} that "
                "can be left out",
            )
            for name, model, pools in [
                ("alexnet", "alexnet", 4),
                ("cifar-vgg11", "vgg", 6),
                ("resnet50", "resnet", 1),
            ]
        ),
    ],
)
def test_entries_that_do_not_fit_are_told_in_one_line(tmp_path, changes, line):
    said = complaint(tmp_path, changes).replace(f"{tmp_path}/", "").replace(f"{REPOSITORY}/", "")
    assert line in said.splitlines()


@pytest.mark.parametrize("kind", ["accuracies", None])
@pytest.mark.parametrize("figure", ["fig1a", "fig6", "table1"])
def test_a_figure_of_no_known_kind_is_told_all_that_are(tmp_path, figure, kind):
    (line,) = complaint(tmp_path, {"figures": {figure: {"kind": kind}}}).splitlines()
    key, problem = line.removeprefix(f"{tmp_path}/mine.yaml: ").split(": ", 1)
    assert key == f"figures.{figure}.kind"
    assert [known for known in KINDS if f"'{known}'" in problem] == KINDS


def test_an_overlay_changes_only_what_it_names(tmp_path):
    """YAML gives all entries that share a value by an anchor the very same one."""
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("recipes: {imagenet-images-10: {augmentation: {rotation: 5}}}")
    before, after = (config.load(files).recipes for files in ([PAPER], [PAPER, overlay]))
    assert [name for name in before if after[name] != before[name]] == ["imagenet-images-10"]


NARROW = [
    Architecture(model=model, depth=depth, stem=stem, width=2, pools=pools)
    for model, depths, stems, most in [
        ("alexnet", (8,), ("small", "imagenet"), 3),
        ("resnet", (18, 34, 50), ("small", "imagenet"), 0),
        ("vgg", (11, 13, 16, 19), ("small",), 5),
    ]
    for depth in depths
    for stem in stems
    for pools in (None, *range(most + 1))
]


@torch.no_grad()
@pytest.mark.parametrize(
    "architecture", NARROW, ids=lambda a: f"{a.model}{a.depth}-{a.stem}-{a.pools}"
)
def test_the_least_image_size_is_the_least(architecture):
    model, least = models.build(architecture, 10, 0, "init").eval(), architecture.least_image_size()
    assert model(torch.randn(2, 3, least, least)).shape == (2, 10)
    if least > 1:
        with pytest.raises(RuntimeError, match="size"):
            model(torch.randn(2, 3, least - 1, least - 1))
