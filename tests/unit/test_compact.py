"""Networks without the channels that nothing feeds or reads give the same outputs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lottery import models
from lottery.errors import LotteryError
from lottery.exchange.compact import compact
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture
from tests.rounding import assert_same_outputs

pytestmark = pytest.mark.numbers

NETWORKS = {
    "VGG-11": Architecture(model="vgg", depth=11, width=8, pools=3),
    "ResNet-18, basic blocks": Architecture(model="resnet", depth=18, width=4),
    "ResNet-50, bottlenecks": Architecture(model="resnet", depth=50, width=4, stem="imagenet"),
    "AlexNet": Architecture(model="alexnet", depth=8, width=8, stem="small"),
    "AlexNet, batch norm on hidden layers": Architecture(
        model="alexnet", depth=8, width=8, stem="small", variant="rotnet"
    ),
    "AlexNet, no batch norm": Architecture(
        model="alexnet", depth=8, width=8, stem="small", variant="torchvision"
    ),
}
SIDE = 32


def trained(architecture):
    """A network whose biases and batch norm are as after a training; in float64."""
    model = models.build(architecture, 10, 0).double()
    stream = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.dim() == 1:
                noise = torch.randn(value.shape, generator=stream, dtype=value.dtype)
                value.copy_(noise.abs() + 0.5 if "var" in name else noise)
    return model


def pruned(architecture, density, seed=0, rows=0.0):
    """The same under a random mask; of `rows`, a share of all channels, nothing is left."""
    model = trained(architecture)
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in prunable(model).values():
            weight *= torch.rand(weight.shape, generator=stream) < density
            weight[torch.rand(len(weight), generator=stream) < rows] = 0
    return model


def outputs(model):
    stream = torch.Generator().manual_seed(2)
    images = torch.randn(3, 3, SIDE, SIDE, generator=stream, dtype=torch.float64)
    with torch.no_grad():
        return model.eval()(images)


def same(model):
    """What is left of a network, once its outputs are known to be the same."""
    found = compact(model)
    assert_same_outputs(outputs(found.model), outputs(model), model)
    return found


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=5, deadline=None)
@given(
    density=st.sampled_from([0.3, 0.05, 0.01, 0.002, 0.0]),
    rows=st.sampled_from([0.0, 0.5, 0.9]),
    seed=st.integers(0, 99),
)
def test_outputs_are_the_same_at_any_sparsity(name, density, rows, seed):
    found = same(pruned(NETWORKS[name], density, seed, rows))
    assert 0 < found.after <= found.before


@pytest.mark.parametrize("name", NETWORKS)
def test_most_channels_without_weights_go(name):
    """Half of all channels: at least as many go where no addition joins them."""
    found = same(pruned(NETWORKS[name], 0.5, rows=0.5))
    assert found.after < (0.9 if "ResNet" in name else 0.6) * found.before
    again = same(found.model)
    assert again.after == found.after, "nothing is left to go"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_dense_network_stays_as_it_is_and_the_given_one_too(name):
    model = pruned(NETWORKS[name], 0.02, rows=0.5)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    compact(model)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    whole = trained(NETWORKS[name])
    found = compact(whole).model.state_dict()
    assert all(torch.equal(found[key], value) for key, value in whole.state_dict().items())


def small(padding):
    """Two convolutions with batch norm between them, and a linear layer."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU()]
    layers += [nn.Conv2d(6, 5, 3, padding=padding), nn.ReLU(), nn.AdaptiveAvgPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(20, 4)).double()


class Flat(nn.Module):
    """The same with `flatten` as the networks here write it."""

    def __init__(self, padding):
        super().__init__()
        *layers, _, self.head = small(padding)
        self.body = nn.Sequential(*layers)

    def forward(self, images):
        return self.head(torch.flatten(self.body(images), 1))


@pytest.mark.parametrize("padding", [0, 1])
def test_constant_channels_that_are_read_become_one_and_zeros_none(padding):
    """Where the next layer pads, a constant is no bias of it: on the border zeros are read."""
    model = Flat(padding)
    with torch.no_grad():
        model.body[0].weight[:4] = 0
        model.body[1].bias[:4] = torch.tensor([-1.0, 1.0, 2.0, 3.0])
    found = same(model)
    assert found.model.body[0].out_channels == 3  # one constant, two that vary
    assert found.model.body[3].in_channels == 3


def test_what_only_channels_that_go_have_read_goes_too():
    model = Flat(1)
    with torch.no_grad():
        model.head.weight.view(4, 5, 4)[:, 1:] = 0  # of the second layer one channel is read,
        model.body[3].weight[0, :5] = 0  # which reads one of the first
    found = same(model)
    assert (found.before, found.after) == (11, 2)


def test_of_an_empty_layer_one_channel_stays():
    model = Flat(1)
    with torch.no_grad():
        model.body[3].weight.zero_()
        model.body[3].bias.fill_(-1)
    found = same(model)
    assert (found.model.body[0].out_channels, found.model.body[3].out_channels) == (1, 1)


class Joined(nn.Module):
    """Two convolutions of the images are added."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.one, self.other, self.head = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.Linear(4, 2)

    def forward(self, images):
        return self.head((self.one(images) + self.other(images)).mean(dim=(2, 3)))


def test_channels_that_are_added_go_together_or_not_at_all():
    model = Joined().double()
    with torch.no_grad():
        for layer, empty in ((model.one, [0, 1]), (model.other, [1, 2])):
            layer.weight[empty] = 0
            layer.bias.zero_()
    found = same(model)
    assert (found.model.one.out_channels, found.model.other.out_channels) == (3, 3)


class Strange(nn.Module):
    def __init__(self, does):
        super().__init__()
        self.layer, self.does = nn.Conv2d(3, 4, 1), does

    def forward(self, images):
        return self.does(self.layer(images))


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (torch.sin, r"does <built-in method sin .* which is not known to keep channels"),
        (lambda maps: maps.mean(dim=1), "does mean, which is not known"),
        (lambda maps: maps.flatten(), "does flatten, which is not known"),
        (lambda maps: maps + 1, "does <built-in function add>"),
        (lambda maps: maps if maps.sum() > 0 else -maps, "cannot be traced: symbolically traced"),
    ],
)
def test_what_is_not_known_to_keep_channels_is_refused(does, words):
    with pytest.raises(LotteryError, match=words):
        compact(Strange(does))


class Exponential(nn.Conv2d):
    """A layer that does not use its weights as they are."""

    def forward(self, x):
        return self._conv_forward(x, self.weight.exp(), self.bias)


def test_a_layer_of_another_class_is_refused():
    with pytest.raises(LotteryError, match="compact: the network"):
        compact(nn.Sequential(Exponential(3, 3, 1)))


def test_grouped_and_shared_layers_are_refused():
    with pytest.raises(LotteryError, match="0 is a grouped convolution"):
        compact(nn.Sequential(nn.Conv2d(3, 3, 1, groups=3)))
    layer = nn.Conv2d(3, 3, 1)
    with pytest.raises(LotteryError, match="0 is used twice"):
        compact(nn.Sequential(layer, layer))
