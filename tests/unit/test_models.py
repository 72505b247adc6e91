"""Networks and what of them is prunable (Section 3.2)."""

import pytest
import torch
from torch import nn

from lottery import models
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture
from tests.rounding import assert_same_outputs


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
        (Architecture(model="alexnet", depth=8, stem="imagenet"), 7, 56_994_496),
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
        Architecture(model="alexnet", depth=8, width=4, batch_norm=True),
    ],
)
def test_the_classifier_batch_norm_and_biases_are_never_prunable(architecture):
    model = models.skeleton(architecture)
    names = set(prunable(model))
    others = dict(model.named_parameters()).keys() - names
    assert f"{models.head(model)}.weight" in others
    assert all(name.endswith(".weight") for name in names)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert {f"{name}.weight", f"{name}.bias"} <= others


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(model="resnet", depth=18, width=4),
        Architecture(model="resnet", depth=50, width=4, stem="imagenet"),
        Architecture(model="vgg", depth=11, width=4),
        Architecture(model="alexnet", depth=8, width=4, stem="imagenet", batch_norm=True),
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


def test_at_full_width_alexnet_is_torchvisions():
    from torchvision.models import alexnet

    reference = alexnet()
    own = models.build(
        Architecture(model="alexnet", depth=8, stem="imagenet"), 1000, seed=0, purpose="init"
    )
    own.load_state_dict(reference.state_dict())
    image = torch.randn(1, 3, 224, 224)
    torch.testing.assert_close(own.eval()(image), reference.eval()(image))


@pytest.mark.parametrize("size", [16, 32])
def test_alexnets_small_stem_takes_small_images(size):
    small = Architecture(model="alexnet", depth=8, width=4)
    model = models.build(small, 10, 0, "init")
    assert model(torch.randn(2, 3, size, size)).shape == (2, 10)


@pytest.mark.parametrize(
    ("architecture", "first", "last"),
    [
        (Architecture(model="resnet", depth=50, stem="imagenet"), 11, "layer1.2.conv3.weight"),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 24, "layer2.3.conv3.weight"),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 43, "layer3.5.conv3.weight"),
        (Architecture(model="alexnet", depth=8, stem="imagenet"), 1, "features.0.weight"),
        (Architecture(model="alexnet", depth=8, stem="imagenet"), 5, "features.10.weight"),
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
