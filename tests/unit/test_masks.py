"""Masks: one bit per prunable weight, checked when they are loaded."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lottery import models
from lottery.errors import LotteryError
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.pruning.weights import pack, unpack
from lottery.specs import Architecture


@st.composite
def masks(draw):
    shapes = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 7)), min_size=1, max_size=4))
    named = {f"layer{i}.weight": shape for i, shape in enumerate(shapes)}
    total = sum(a * b for a, b in shapes)
    bits = draw(st.lists(st.booleans(), min_size=total, max_size=total))
    return Mask(named, torch.tensor(bits, dtype=torch.bool))


@given(masks())
def test_packing_is_lossless_and_takes_one_bit_a_weight(mask):
    packed = mask.packed()
    assert packed["bits"].nbytes == (mask.total + 7) // 8
    again = Mask.unpack(packed)
    assert again.shapes == mask.shapes
    assert torch.equal(again.kept, mask.kept)


@given(masks(), st.data())
def test_one_flipped_bit_is_noticed(mask, data):
    packed = mask.packed()
    bit = data.draw(st.integers(0, 8 * len(packed["bits"]) - 1))
    packed["bits"][bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(LotteryError, match="damaged mask"):
        Mask.unpack(packed)


@pytest.mark.parametrize("key", ["shapes", "bits", "remaining"])
def test_a_packed_mask_without_a_part_is_damaged(key):
    packed = Mask({"a": (2, 2)}, torch.ones(4, dtype=torch.bool)).packed()
    del packed[key]
    with pytest.raises(LotteryError, match="damaged mask"):
        Mask.unpack(packed)


def test_layers_are_views_in_the_networks_order():
    kept = torch.tensor([1, 0, 1, 1, 0, 0], dtype=torch.bool)
    layers = Mask({"a": (2, 2), "b": (2,)}, kept).layers()
    assert layers["a"].tolist() == [[True, False], [True, True]]
    assert layers["b"].tolist() == [False, False]
    assert Mask({"a": (2, 2), "b": (2,)}, kept).empty_layers() == ["b"]


def test_a_mask_of_another_architecture_is_refused_by_the_layer_that_differs():
    narrow = prunable(models.skeleton(Architecture(model="resnet", depth=18, width=4)))
    wide = prunable(models.skeleton(Architecture(model="resnet", depth=18, width=8)))
    with pytest.raises(LotteryError, match=r"conv1\.weight is \(4, 3, 3, 3\) in the mask"):
        Mask.dense(narrow).check_fits(wide)


def test_the_order_of_layers_matters():
    mask = Mask({"a": (2,), "b": (2,)}, torch.ones(4, dtype=torch.bool))
    with pytest.raises(LotteryError, match="another order"):
        mask.check_fits({"b": torch.zeros(2), "a": torch.zeros(2)})


@given(masks(), st.integers(0, 9))
def test_only_the_weights_that_remain_are_kept_and_come_back_in_their_places(mask, seed):
    stream = torch.Generator().manual_seed(seed)
    weights = {
        name: torch.randn(shape, generator=stream) * kept
        for (name, shape), kept in zip(mask.shapes.items(), mask.layers().values(), strict=True)
    }
    values = mask.compress(weights)
    assert values.shape == (mask.remaining,)
    again = mask.expand(values)
    assert list(again) == list(weights)
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_weights_that_do_not_match_their_mask_are_refused():
    mask = Mask({"layer.weight": (2, 2)}, torch.tensor([True, False, True, False]))
    with pytest.raises(LotteryError, match=r"damaged weights: \(3,\) values for 2 that remain"):
        mask.expand(torch.zeros(3))


def test_a_whole_network_comes_back_from_what_is_on_disk(narrow):
    model = models.build(narrow, 10, 0, "init")
    mask = random_mask(Mask.dense(prunable(model)), 0.8, 2, seed=0)
    with torch.no_grad():
        for name, kept in mask.layers().items():
            model.get_parameter(name).mul_(kept)
    payload = pack(model.state_dict(), mask)
    assert payload["values"].numel() == mask.remaining
    other = models.build(narrow, 10, 1, "init")
    other.load_state_dict(unpack(payload))
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
