"""Global pruning by exact count, its criteria, and the random baselines."""

import importlib
from fractions import Fraction
from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lottery.catalogue import module
from lottery.catalogue.criteria import CRITERIA
from lottery.errors import LotteryError
from lottery.pruning import selection
from lottery.pruning.baselines.adjusted_random import adjusted_random_mask
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.baselines.shuffled import shuffled_mask
from lottery.pruning.criteria import Trained, scored
from lottery.pruning.mask import Mask
from lottery.pruning.selection import drop_lowest, remaining_after, select

RATES = st.sampled_from([0.1, 0.2, 0.5, 0.6, 0.75])
# Few distinct values, most of them zero: ties everywhere.
WEIGHTS = st.lists(st.sampled_from([0.0, -0.0, 0.0, 0.5, -0.5, 1.0, -2.0]), min_size=1, max_size=60)


def dense(values):
    weights = {"layer.weight": torch.tensor(values, dtype=torch.float32)}
    return weights, Mask.dense(weights)


def prune(weights, mask, rate):
    return select(scored("magnitude", Trained(weights)), mask, rate)


@given(WEIGHTS, RATES)
def test_a_round_prunes_exactly_its_share_whatever_the_ties(values, rate):
    weights, mask = dense(values)
    pruned = prune(weights, mask, rate)
    assert pruned.remaining == len(values) - round(Fraction(str(rate)) * len(values))


def test_a_round_prunes_a_fifth_where_85_percent_are_exactly_zero():
    """A threshold comparison prunes 85 % here: |w| > 0 keeps only the non-zero weights."""
    values = torch.zeros(1000)
    values[::7] = torch.randn(143, generator=torch.Generator().manual_seed(0))
    weights, mask = dense(values.tolist())
    pruned = prune(weights, mask, 0.2)
    assert pruned.remaining == 800
    assert pruned.kept[values != 0].all()


@given(WEIGHTS, RATES, st.integers(1, 5))
def test_masks_are_nested_and_keep_the_largest(values, rate, rounds):
    weights, mask = dense(values)
    magnitudes = weights["layer.weight"].abs()
    for _ in range(rounds):
        before, mask = mask, prune(weights, mask, rate)
        assert not (mask.kept & ~before.kept).any()
        dropped = before.kept & ~mask.kept
        if dropped.any() and mask.remaining:
            assert magnitudes[dropped].max() <= magnitudes[mask.kept].min()


@pytest.mark.parametrize("piece", [2, selection.PIECE])  # of equal weights in two pieces, or one
def test_ties_are_pruned_in_the_networks_order(piece, monkeypatch):
    monkeypatch.setattr(selection, "PIECE", piece)
    kept = drop_lowest(torch.ones(6), torch.tensor([1, 0, 1, 1, 1, 1]).bool(), 2)
    assert kept.tolist() == [False, False, False, True, True, True]


@given(st.data(), st.sampled_from([0, None]))
def test_the_weights_pruned_are_those_that_a_stable_sort_puts_first(data, least):
    """Of any scores, subnormal ones and those that differ in their last bit among them."""
    number = st.floats(least, width=32, allow_nan=False, allow_infinity=False)
    close = st.sampled_from([1.0, 1.0000001, 1.0000002, 1e-45, 0.0])
    if least is None:
        close |= st.sampled_from([-0.0, -1e-45, -1.0, -1.0000001])
    values = torch.tensor(data.draw(st.lists(number | close, min_size=1, max_size=50)))
    kept = torch.tensor(
        data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    )
    count = data.draw(st.integers(0, int(kept.sum())))
    places = torch.nonzero(kept).flatten()
    expected = kept.clone()
    expected[places[values[places].sort(stable=True).indices[:count]]] = False
    piece, step, deviations = (data.draw(st.integers(first, 60)) for first in (1, 1, 0))
    with mock.patch.multiple(selection, PIECE=piece, STEP=step, DEVIATIONS=deviations):
        assert torch.equal(drop_lowest(values, kept, count), expected)


@pytest.mark.parametrize("often", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_sample_that_misleads_changes_nothing(often, share):
    """All weights of the sample are larger than all others, of which a share are equal."""
    values = torch.rand(100_000, generator=torch.Generator().manual_seed(0))
    values[: int(often * len(values))] = 0.5
    values = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(1))]
    values[:: selection.STEP] += 1
    count = int(share * len(values))
    expected = torch.ones(len(values), dtype=torch.bool)
    expected[values.sort(stable=True).indices[:count]] = False
    assert torch.equal(drop_lowest(values, torch.ones_like(expected), count), expected)


def test_already_pruned_weights_do_not_count_as_the_smallest():
    weights, _ = dense([0.0, 0.0, 3.0, 1.0, 2.0, 4.0])
    mask = Mask({"layer.weight": (6,)}, torch.tensor([0, 0, 1, 1, 1, 1]).bool())
    assert prune(weights, mask, 0.5).kept.tolist() == [False, False, True, False, False, True]


def test_pruning_is_global_over_layers():
    weights = {"a": torch.tensor([[5.0, 6.0]]), "b": torch.tensor([0.1, 0.2])}
    pruned = prune(weights, Mask.dense(weights), 0.5)
    assert pruned.layers()["a"].all()
    assert pruned.empty_layers() == ["b"]


def test_thirty_rounds_of_a_fifth_leave_an_eighth_of_a_percent():
    assert remaining_after(11_159_232, 0.2, 0) == 11_159_232
    assert remaining_after(11_159_232, 0.2, 1) == 8_927_386
    assert remaining_after(11_159_232, 0.2, 30) / 11_159_232 == pytest.approx(0.8**30, rel=1e-3)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("other", [1.0, -1.0])
def test_weights_and_scores_that_are_not_finite_are_refused(bad, other):
    weights, mask = dense([other, bad, 2.0])
    with pytest.raises(LotteryError, match="not finite"):
        prune(weights, mask, 0.5)
    with pytest.raises(LotteryError, match="not finite"):
        select(torch.tensor([other, bad, 2.0]), mask, 0.5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("other", [1.0, -1.0])
def test_pruned_weights_may_have_any_score(bad, other):
    kept = torch.tensor([True, False, True, True])
    found = drop_lowest(torch.tensor([2.0, bad, other, 3.0]), kept, 1)
    assert found.tolist() == [True, False, False, True]


def test_more_weights_than_there_are_cannot_go():
    with pytest.raises(ValueError, match="3 of 2 weights"):
        drop_lowest(torch.ones(3), torch.tensor([True, False, True]), 3)


def test_scores_that_are_not_as_many_as_weights_are_refused():
    _, mask = dense([1.0, 2.0])
    with pytest.raises(LotteryError, match="3 scores for a mask over 2 weights"):
        select(torch.ones(3), mask, 0.5)


def test_magnitude_increase_prunes_what_grew_least():
    """Whatever its magnitude: the largest weight goes first if it shrank most."""
    weights, mask = dense([-9.0, 1.0, -0.5, 0.2])
    early = {"layer.weight": torch.tensor([10.0, 0.1, 0.5, -0.1])}
    scores = scored("magnitude-increase", Trained(weights, early))
    assert scores.tolist() == pytest.approx([-1.0, 0.9, 0.0, 0.1])
    assert select(scores, mask, 0.5).kept.tolist() == [False, True, False, True]


def test_a_criterion_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="unknown criterion 'luck', choose from magnitude, magnit"):
        CRITERIA["luck"]


@pytest.mark.parametrize("name", CRITERIA)
def test_every_criterion_of_the_table_has_its_module(name):
    assert callable(importlib.import_module(f"lottery.pruning.criteria.{module(name)}").scores)


@given(st.integers(1, 200), RATES, st.integers(0, 5), st.integers(0, 3))
def test_random_masks_have_the_found_masks_count_and_are_nested(total, rate, rounds, seed):
    weights = {"a": torch.ones(total)}
    mask, later = (random_mask(Mask.dense(weights), rate, r, seed) for r in (rounds, rounds + 1))
    assert mask.remaining == remaining_after(total, rate, rounds)
    assert not (later.kept & ~mask.kept).any()
    assert torch.equal(mask.kept, random_mask(Mask.dense(weights), rate, rounds, seed).kept)


def test_the_random_mask_is_a_permutation_over_all_layers_at_once():
    """A shuffle within layers keeps each layer's count; a global one does not."""
    weights = {"a": torch.ones(5000), "b": torch.ones(5000)}
    counts = [
        int(random_mask(Mask.dense(weights), 0.5, 1, seed).layers()["a"].sum()) for seed in range(5)
    ]
    assert len(set(counts)) > 1
    assert all(2300 < count < 2700 for count in counts)
    kept = random_mask(Mask.dense(weights), 0.5, 1, 0).kept
    assert not torch.equal(kept, random_mask(Mask.dense(weights), 0.5, 1, 1).kept)
    assert not torch.equal(kept, torch.arange(10000) >= 5000)


@given(st.integers(1, 60), st.integers(1, 60), RATES, st.integers(0, 4), st.integers(0, 3))
def test_shuffled_masks_keep_each_layers_count_and_are_nested(first, second, rate, rounds, seed):
    weights = {"a": torch.ones(first, 2), "b": torch.ones(second)}
    dense = Mask.dense(weights)
    found = [random_mask(dense, rate, r, seed + 1) for r in (rounds, rounds + 1)]
    mask, later = (shuffled_mask(each, dense, seed) for each in found)
    counts = [int(layer.sum()) for layer in found[0].layers().values()]
    assert [int(layer.sum()) for layer in mask.layers().values()] == counts
    assert not (later.kept & ~mask.kept).any()
    assert torch.equal(mask.kept, shuffled_mask(mask, dense, seed).kept), "more than counts matter"


def test_a_shuffled_mask_is_at_random_in_each_layer_but_keeps_nothing_that_is_excluded():
    layer = torch.arange(4000) % 2 == 0
    dense = Mask({"a": (4000,), "b": (4000,)}, torch.cat([layer, layer]), excluded=4000)
    found = dense.keeping(dense.kept & (torch.arange(8000) % 4000 < 1000))
    mask, other = (shuffled_mask(found, dense, seed) for seed in (0, 1))
    assert not (mask.kept & ~dense.kept).any()
    assert mask.excluded == 4000
    ours, theirs = mask.layers(), other.layers()
    assert not torch.equal(ours["a"], ours["b"])
    assert not torch.equal(ours["a"], theirs["a"])
    for part in ours["a"].split(1000):  # a quarter of each quarter's 500
        assert 90 < int(part.sum()) < 160


def test_the_adjusted_random_mask_prunes_natural_zeros_first():
    values = torch.ones(1000)
    zeros = torch.randperm(1000, generator=torch.Generator().manual_seed(1))[:600]
    values[zeros] = 1e-9
    natural = values <= 1e-7
    for rounds, pruned in ((1, 500), (2, 750), (3, 875)):
        mask = adjusted_random_mask(
            Mask.dense({"a": values}), {"a": values}, 1e-7, 0.5, rounds, seed=0
        )
        assert mask.remaining == 1000 - pruned
        if pruned <= 600:  # less sparse than the network itself: only its zeros are pruned
            assert natural[~mask.kept].all()
        else:  # sparser: all of its zeros, and as many others as are needed, in random places
            assert not mask.kept[natural].any()
            others = torch.nonzero(~mask.kept & ~natural).flatten()
            assert len(others) == pruned - 600
            assert not torch.equal(others, torch.nonzero(~natural).flatten()[: len(others)])


def test_without_natural_zeros_the_adjusted_baseline_is_the_random_one():
    weights = {"a": torch.ones(100)}
    assert torch.equal(
        adjusted_random_mask(Mask.dense(weights), weights, 1e-7, 0.5, 2, seed=3).kept,
        random_mask(Mask.dense(weights), 0.5, 2, seed=3).kept,
    )
