"""Weights on a path from input to output, however many remain (Vysogorets and Kempe, 2021)."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lottery import models
from lottery.geometry import dead_taps
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.effective import effective
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture


class Chain(nn.Module):
    """Linear layers in a row over the three means of an image."""

    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))

    def forward(self, x):
        x = x.mean((2, 3))
        for layer in self.layers:
            x = layer(x).relu()
        return x


def on_a_path(layers):
    """The same by search: reached from the input, and reaching an output."""
    forward = [torch.ones(layers[0].shape[1], dtype=torch.bool)]
    for layer in layers:
        forward.append((layer & forward[-1]).any(1))
    backward = [torch.ones(len(layers[-1]), dtype=torch.bool)]
    for layer in reversed(layers):
        backward.append((layer & backward[-1][:, None]).any(0))
    backward.reverse()
    return [
        layer & forward[place] & backward[place + 1][:, None] for place, layer in enumerate(layers)
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.floats(0, 1), st.integers(0, 99))
def test_in_a_chain_a_search_finds_the_same(hidden, density, seed):
    model = Chain([3, *hidden, 2])
    weights = {f"layers.{n}.weight": layer.weight for n, layer in enumerate(model.layers)}
    total = sum(weight.numel() for weight in weights.values())
    kept = torch.rand(total, generator=torch.Generator().manual_seed(seed)) < density
    mask = Mask({name: tuple(weight.shape) for name, weight in weights.items()}, kept)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = torch.cat([each.flatten() for each in on_a_path(list(mask.layers().values()))])
    assert torch.equal(effective(model, mask, 4), expected)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        (Architecture(model="resnet", depth=18, width=4), 16),
        (Architecture(model="resnet", depth=50, stem="imagenet", width=4), 64),
        (Architecture(model="vgg", depth=11, width=4), 32),
        (Architecture(model="alexnet", depth=8, width=4), 16),
        (Architecture(model="alexnet", depth=8, width=4, variant="rotnet"), 16),
        (Architecture(model="alexnet", depth=8, width=4, variant="torchvision"), 16),
    ],
    ids=lambda value: getattr(value, "variant", value) or value.model,
)
def test_of_a_dense_network_all_do_but_those_that_only_meet_padding(architecture, size):
    model = models.build(architecture, 10, 0)
    mask = Mask.dense(prunable(model))
    found = effective(model, mask, size)
    dead = dead_taps(architecture, size).share
    assert 1 - found.double().mean().item() == pytest.approx(dead, abs=1e-12)


def test_a_shortcut_is_a_path_around_an_empty_layer():
    model = models.build(Architecture(model="resnet", depth=18, width=4), 10, 0)
    mask = Mask.dense(prunable(model))
    layers = mask.layers()
    layers["layer1.0.conv1.weight"].zero_()
    found = dict(zip(layers, effective(model, mask, 16).split([w.numel() for w in layers.values()]),
                     strict=True))  # fmt: skip
    assert not found["layer1.0.conv2.weight"].any(), "nothing comes from the empty layer"
    assert all(own.all() for name, own in found.items() if not name.startswith("layer1.0"))


def test_without_a_first_layer_nothing_is_left_of_a_network():
    model = models.build(Architecture(model="resnet", depth=18, width=4), 10, 0)
    mask = Mask.dense(prunable(model))
    mask.layers()["conv1.weight"].zero_()
    assert not effective(model, mask, 16).any()
    assert mask.density > 0.99


@pytest.mark.parametrize(("rounds", "least", "most"), [(5, 0.999, 1), (25, 0.5, 0.9), (30, 0, 0)])
def test_the_sparser_a_random_mask_the_less_of_it_does_anything(rounds, least, most):
    """After 30 rounds nothing remains of the first convolution: no path leads anywhere."""
    model = models.build(Architecture(model="resnet", depth=18, width=16), 10, 0)
    mask = random_mask(Mask.dense(prunable(model)), 0.2, rounds, seed=0)
    share = int(effective(model, mask, 16).sum()) / mask.remaining
    assert least <= share <= most


def test_a_deep_network_stays_within_the_range_of_numbers():
    """The sums over all of its paths would not."""
    model = models.build(Architecture(model="resnet", depth=50, stem="small", width=16), 10, 0)
    mask = random_mask(Mask.dense(prunable(model)), 0.5, 3, seed=1)
    found = effective(model, mask, 32)
    assert found.double().mean() == pytest.approx(0.125, abs=0.01)
