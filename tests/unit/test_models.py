"""Networks and what of them is prunable (Section 3.2)."""

import pytest
import torch
from torch import nn

from lottery import models
from lottery.catalogue.networks.alexnet import AlexNet
from lottery.geometry import multiply_adds
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture
from tests.rounding import assert_same_outputs

pytestmark = pytest.mark.numbers


def alexnet(variant, stem="imagenet", width=64):
    return Architecture(model="alexnet", depth=8, stem=stem, width=width, variant=variant)


@pytest.mark.parametrize(
    ("architecture", "layers", "weights"),
    [
        (Architecture(model="resnet", depth=18, stem="small"), 20, 11_159_232),
        (Architecture(model="resnet", depth=34, stem="imagenet"), 36, 21_267_648),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 53, 23_454_912),
        (Architecture(model="resnet", depth=18, stem="imagenet"), 20, 11_166_912),
        (Architecture(model="resnet", depth=34, stem="small"), 36, 21_259_968),
        (Architecture(model="resnet", depth=50, stem="small"), 53, 23_447_232),
        (Architecture(model="vgg", depth=19), 16, 20_018_880),
        (Architecture(model="vgg", depth=16), 13, 14_710_464),
        (Architecture(model="vgg", depth=13), 10, 9_402_048),
        (Architecture(model="vgg", depth=11), 8, 9_217_728),
        (alexnet("deepcluster"), 7, 58_271_776),
        (alexnet("rotnet"), 7, 56_994_496),
        (alexnet("torchvision"), 7, 56_994_496),
    ],
)
def test_prunable_counts(architecture, layers, weights):
    found = prunable(models.skeleton(architecture))
    assert len(found) == layers
    assert sum(weight.numel() for weight in found.values()) == weights


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(model="resnet", depth=18, width=4),
        Architecture(model="vgg", depth=11, width=4),
        *(alexnet(variant, stem="small", width=4) for variant in AlexNet.variants),
    ],
)
def test_the_classifier_batch_norm_and_biases_are_never_prunable(architecture):
    model = models.skeleton(architecture)
    names = set(prunable(model))
    others = dict(model.named_parameters()).keys() - names
    assert f"{models.head(model)}.weight" in others
    assert all(name.endswith(".weight") for name in names)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert {f"{name}.weight", f"{name}.bias"} <= others


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(model="resnet", depth=18, width=4),
        Architecture(model="resnet", depth=50, width=4, stem="imagenet"),
        Architecture(model="vgg", depth=11, width=4),
        *(alexnet(variant, width=4) for variant in AlexNet.variants),
    ],
)
def test_the_networks_of_one_seed_are_the_same_but_for_their_heads(architecture):
    """Else labels, RotNet and class-subset tickets of one seed would start from other W_0."""
    ten, four = (models.build(architecture, outputs, seed=3) for outputs in (10, 4))
    head = models.head(ten)
    for name, value in ten.state_dict().items():
        if not name.startswith(f"{head}."):
            assert torch.equal(value, four.state_dict()[name]), name
    other = models.build(architecture, 10, seed=4)
    assert not any(
        torch.equal(weight, prunable(other)[name]) for name, weight in prunable(ten).items()
    )
    again = models.build(architecture, 10, seed=3, purpose="baseline init")
    assert not any(
        torch.equal(weight, prunable(again)[name]) for name, weight in prunable(ten).items()
    )
    assert torch.equal(ten.get_parameter(f"{head}.weight"), again.get_parameter(f"{head}.weight"))


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_at_full_width_a_resnet_is_torchvisions(depth):
    from torchvision.models import resnet

    reference = getattr(resnet, f"resnet{depth}")()
    own = models.build(
        Architecture(model="resnet", depth=depth, stem="imagenet"), 1000, seed=0, purpose="init"
    )
    own.load_state_dict(reference.state_dict())
    image = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    assert_same_outputs(own.double().eval()(image), reference.double().eval()(image), own)


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_at_full_width_the_convolutions_of_a_vgg_are_torchvisions(depth):
    from torchvision.models import vgg

    with torch.device("meta"):
        reference = getattr(vgg, f"vgg{depth}_bn")().features.to_empty(device="cpu")
    for value in reference.state_dict().values():
        value.copy_(torch.rand(value.shape) / 8)
    own = models.build(Architecture(model="vgg", depth=depth), 10, seed=0).features
    own.load_state_dict(reference.state_dict())
    image = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    assert_same_outputs(own.double().eval()(image), reference.double().eval()(image), own)


def test_initialisation_depends_on_seed_and_purpose_alone(narrow):
    def first(seed, purpose):
        return models.build(narrow, 10, seed, purpose).conv1.weight.detach()

    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    weight = first(0, "init")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(first(0, "init"), weight)
    assert not torch.equal(first(1, "init"), weight)
    assert not torch.equal(first(0, "baseline init"), weight)


@pytest.mark.parametrize("size", [8, 32])
def test_the_small_stem_takes_small_images(narrow, size):
    assert models.build(narrow, 10, 0, "init")(torch.randn(2, 3, size, size)).shape == (2, 10)


def test_at_full_width_an_alexnet_is_torchvisions():
    from torchvision.models import alexnet as theirs

    reference = theirs()
    own = models.build(alexnet("torchvision"), 1000, seed=0, purpose="init")
    own.load_state_dict(reference.state_dict())
    image = torch.randn(1, 3, 224, 224, dtype=torch.float64)
    assert_same_outputs(own.double().eval()(image), reference.double().eval()(image), own)


LAYERS = {
    "deepcluster": (
        "Conv2d 96 11, BatchNorm2d, ReLU, MaxPool2d, Conv2d 256 5, BatchNorm2d, ReLU, MaxPool2d, "
        "Conv2d 384 3, BatchNorm2d, ReLU, Conv2d 384 3, BatchNorm2d, ReLU, "
        "Conv2d 256 3, BatchNorm2d, ReLU, MaxPool2d, AdaptiveAvgPool2d, "
        "Dropout, Linear 4096, ReLU, Dropout, Linear 4096, ReLU, Linear 1000"
    ),
    "rotnet": (
        "Conv2d 64 11, BatchNorm2d, ReLU, MaxPool2d, Conv2d 192 5, BatchNorm2d, ReLU, MaxPool2d, "
        "Conv2d 384 3, BatchNorm2d, ReLU, Conv2d 256 3, BatchNorm2d, ReLU, "
        "Conv2d 256 3, BatchNorm2d, ReLU, MaxPool2d, AdaptiveAvgPool2d, "
        "Linear 4096, BatchNorm1d, ReLU, Linear 4096, BatchNorm1d, ReLU, Linear 1000"
    ),
    "torchvision": (
        "Conv2d 64 11, ReLU, MaxPool2d, Conv2d 192 5, ReLU, MaxPool2d, Conv2d 384 3, ReLU, "
        "Conv2d 256 3, ReLU, Conv2d 256 3, ReLU, MaxPool2d, AdaptiveAvgPool2d, "
        "Dropout, Linear 4096, ReLU, Dropout, Linear 4096, ReLU, Linear 1000"
    ),
}
"""In order, with outputs and the side of kernels."""


def told(module):
    """A layer as `LAYERS` has it."""
    numbers = {
        nn.Conv2d: lambda: [module.out_channels, module.kernel_size[0]],
        nn.Linear: lambda: [module.out_features],
    }
    found = numbers.get(type(module), list)()
    return " ".join(map(str, [type(module).__name__, *found]))


def leaves(model):
    return [module for module in model.modules() if not list(module.children())]


@pytest.mark.parametrize("variant", LAYERS)
def test_the_layers_of_an_alexnet_are_those_of_the_code_that_it_follows(variant):
    with torch.device("meta"):
        model = models.skeleton(alexnet(variant))
        model.set_submodule(models.head(model), nn.Linear(4096, 1000))
    assert ", ".join(map(told, leaves(model))) == LAYERS[variant]


def test_rotnets_hidden_layers_have_no_biases_as_batch_norm_follows():
    model = models.skeleton(alexnet("rotnet"))
    without = [m for m in leaves(model) if isinstance(m, nn.Linear) and m.bias is None]
    assert without == [model.classifier[0], model.classifier[3]]


def test_an_alexnet_that_names_no_variant_is_deepclusters():
    """So that one network has one spec."""
    assert Architecture(model="alexnet", depth=8, stem="imagenet") == alexnet("deepcluster")
    assert Architecture(model="resnet", depth=18).variant is None


@pytest.mark.parametrize(
    ("variant", "products"),
    [("deepcluster", 1_131_160_096), ("rotnet", 710_092_480), ("torchvision", 710_092_480)],
)
def test_multiply_adds_of_an_alexnet_at_224_pixels(variant, products):
    """Without its head, of which each class takes another 4,096."""
    assert multiply_adds(alexnet(variant), 224) == products


def expected_spread(variant, module):
    """The standard deviation of the weights that a layer is drawn with, and of its biases."""
    fan_in = module.weight[0].numel()
    if variant != "deepcluster":  # torch's defaults: uniform up to 1 / sqrt(fan in)
        return (3 * fan_in) ** -0.5, (3 * fan_in) ** -0.5
    if isinstance(module, nn.Linear):
        return 0.01, 0.0
    return (2 / (module.out_channels * module.kernel_size[0] ** 2)) ** 0.5, 0.0


@pytest.mark.parametrize("stem", ["small", "imagenet"])
@pytest.mark.parametrize("variant", AlexNet.variants)
def test_the_initial_weights_of_an_alexnet(variant, stem):
    """Within five standard errors of a normal distribution's standard deviation."""
    model = models.build(alexnet(variant, stem=stem, width=16), 1000, seed=0)
    for module in leaves(model):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert (module.bias == 0).all()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            weights, biases = expected_spread(variant, module)
            error = (2 * module.weight.numel()) ** -0.5
            assert module.weight.std().item() == pytest.approx(weights, rel=5 * error)
            assert abs(module.weight.mean().item()) < 5 * weights / module.weight.numel() ** 0.5
            if module.bias is not None:
                off = 5 * biases * (2 * module.bias.numel()) ** -0.5
                assert module.bias.std().item() == pytest.approx(biases, abs=off)


@torch.no_grad()
@pytest.mark.parametrize(
    ("variant", "least", "most"),
    [("deepcluster", 5e-5, 5e-4), ("rotnet", 0.1, 1), ("torchvision", 0, 1e-9)],
)
def test_what_a_random_mask_of_0_12_percent_leaves_of_an_alexnets_answers(variant, least, most):
    """How far the logits of images are apart as a training begins, at full width.

    Standard deviation over images, mean over logits: batch norm after the hidden layers restores
    it; without any, float32 cannot tell it from rounding.
    """
    model = models.build(alexnet(variant), 10, seed=0)
    weights = prunable(model)
    mask = random_mask(Mask.dense(weights), 0.2, 30, seed=0)
    assert round(100 * mask.density, 2) == 0.12
    for name, kept in mask.layers().items():
        weights[name].mul_(kept)
    for module in leaves(model):
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    images = torch.randn(16, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    assert least <= model(images).std(0).mean().item() <= most


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("variant", AlexNet.variants)
def test_alexnets_small_stem_takes_small_images(variant, size):
    model = models.build(alexnet(variant, stem="small", width=4), 10, 0, "init")
    assert model(torch.randn(2, 3, size, size)).shape == (2, 10)


@pytest.mark.parametrize(
    ("architecture", "first", "last"),
    [
        (Architecture(model="resnet", depth=50, stem="imagenet"), 11, "layer1.2.conv3.weight"),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 24, "layer2.3.conv3.weight"),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 43, "layer3.5.conv3.weight"),
        (alexnet("deepcluster"), 1, "features.0.weight"),
        (alexnet("deepcluster"), 5, "features.14.weight"),
        (alexnet("rotnet"), 5, "features.14.weight"),
        (alexnet("torchvision"), 5, "features.10.weight"),
    ],
)
def test_a_scope_of_first_convolutions_ends_with_a_stage(architecture, first, last):
    """Figures 2 and 8: in a ResNet-50, 11 are conv1 and layer1 with its shortcut, and so on."""
    found = list(prunable(models.skeleton(architecture), first))
    assert len(found) == first
    assert found[-1] == last or "downsample" in found[-1]
    assert not any(name.startswith(("classifier", "fc")) for name in found)
    stage = last.split(".")[0]
    every = list(prunable(models.skeleton(architecture)))
    if stage.startswith("layer"):
        assert not every[first].startswith(stage), "the next one is of the next stage"


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(model=model, depth=depth, width=2)
        for model, depths in {
            "alexnet": [8],
            "resnet": [18, 34, 50],
            "vgg": [11, 13, 16, 19],
        }.items()
        for depth in depths
    ],
    ids=lambda a: f"{a.model}{a.depth}",
)
def test_an_architecture_knows_its_number_of_convolutions(architecture):
    found = prunable(models.skeleton(architecture))
    assert sum(weight.dim() == 4 for weight in found.values()) == architecture.convolutions()
