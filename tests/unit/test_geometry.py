"""Dead taps: weights that only ever meet padding, computed, against gradients of real networks."""

import pytest
import torch
from torch import nn

from lottery import models
from lottery.geometry import dead_taps, prunable_weights, taps
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture

pytestmark = pytest.mark.numbers

RESNET18 = Architecture(model="resnet", depth=18, width=2)
RESNET34 = Architecture(model="resnet", depth=34, width=2)
RESNET50 = Architecture(model="resnet", depth=50, stem="imagenet", width=2)
SMALL_RESNET50 = Architecture(model="resnet", depth=50, width=2)
VGG19 = Architecture(model="vgg", depth=19, width=2)
VGG11 = Architecture(model="vgg", depth=11, width=2, pools=3)
ALEXNETS = [
    Architecture(model="alexnet", depth=8, stem="imagenet", width=2, variant=variant)
    for variant in ("deepcluster", "rotnet", "torchvision")
]
SMALL_ALEXNETS = [
    Architecture(model="alexnet", depth=8, width=2, pools=1, variant=variant)
    for variant in ("deepcluster", "rotnet", "torchvision")
]


def gradients(architecture, size):
    """Sum of |gradient| of every prunable weight over a few batches of noise.

    In float64, where a small one is not rounded to zero.
    """
    torch.manual_seed(0)
    model = models.build(architecture, 5, seed=0).double()
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.ReLU):  # which has zero gradients of its own
            model.set_submodule(name, nn.Softplus())
        if isinstance(module, nn.MaxPool2d):  # which passes on the gradient of one pixel
            pool = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            model.set_submodule(name, pool)
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    weights = prunable(model)
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for _ in range(3):
        model.zero_grad()
        model(torch.randn(16, 3, size, size, dtype=torch.float64)).pow(2).sum().backward()
        for name, weight in weights.items():
            total[name] += weight.grad.abs()
    return total


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        *((RESNET18, size) for size in (8, 9, 12, 16, 17)),
        *((RESNET34, size) for size in (8, 16)),
        *((RESNET50, size) for size in (32, 33, 64)),
        *((SMALL_RESNET50, size) for size in (8, 16)),
        *((VGG19, size) for size in (32, 35)),
        *((VGG11, size) for size in (8, 16)),
        *((alexnet, size) for alexnet in ALEXNETS for size in (63, 80)),
        *((alexnet, size) for alexnet in SMALL_ALEXNETS for size in (8, 12, 16)),
    ],
)
def test_dead_taps_are_the_weights_without_any_gradient(architecture, size):
    found = gradients(architecture, size)
    expected = taps(architecture, size)
    assert [name for name, g in found.items() if g.dim() == 4] == list(expected)
    for name, each in expected.items():
        alive = torch.zeros(each.kernel, each.kernel, dtype=torch.bool)
        rows = torch.tensor(sorted(each.alive))
        alive[rows[:, None], rows] = True
        assert torch.equal((found[name] > 0), alive.expand_as(found[name])), name
    zero = sum(int((g == 0).sum()) for g in found.values())
    assert dead_taps(architecture, size).share == zero / prunable_weights(architecture)


@pytest.mark.parametrize(
    ("architecture", "size", "share"),
    [
        (Architecture(model="resnet", depth=18), 8, 0.622),
        (Architecture(model="resnet", depth=18), 16, 0.0),
        (Architecture(model="resnet", depth=18), 32, 0.0),
        (Architecture(model="resnet", depth=18, stem="imagenet"), 32, 0.622),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 32, 0.2347),
        (Architecture(model="resnet", depth=50), 32, 0.0),
        (Architecture(model="resnet", depth=50, stem="imagenet"), 224, 0.0),
        (Architecture(model="vgg", depth=19), 32, 0.0),
        (Architecture(model="alexnet", depth=8, stem="imagenet"), 224, 0.0),
    ],
)
def test_shares_of_the_networks_that_the_paper_and_the_scales_use(architecture, size, share):
    assert dead_taps(architecture, size).share == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize(
    "architecture", [RESNET18, RESNET50, VGG19, VGG11, *ALEXNETS, *SMALL_ALEXNETS]
)
def test_prunable_weights_are_those_of_the_network(architecture):
    weights = prunable(models.skeleton(architecture))
    assert prunable_weights(architecture) == sum(weight.numel() for weight in weights.values())


def test_images_too_small_for_the_network_are_an_error():
    with pytest.raises(ValueError, match="too small"):
        taps(VGG19, 8)
