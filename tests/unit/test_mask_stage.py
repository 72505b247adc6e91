"""What the mask of each kind of ticket is made from."""

import pytest
import torch

from lottery import artifacts, models
from lottery.errors import LotteryError
from lottery.geometry import taps
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable
from lottery.pruning.weights import pack
from lottery.specs import Baseline, GenerateSpec, MaskSpec
from lottery.stages.mask import mask
from tests.conftest import header


@pytest.fixture
def weights(tmp_path, chain):
    """Writes W* of a round of a chain."""

    def write(round, of=chain):
        model = models.build(of.architecture, 10, round, "trained")
        path = tmp_path / f"weights{round}.pt"
        about = header("weights", GenerateSpec.of(of, round))
        scope = of.convolutions if round else None  # the dense training is that of all scopes
        whole = dense_mask(prunable(model, scope), of.architecture, of.excluded_at)
        artifacts.save(path, about, pack(model.state_dict(), whole))
        return str(path)

    return write


def load(path, chain, round):
    return Mask.unpack(artifacts.load(path, "mask", MaskSpec(chain=chain, round=round)))


def baseline(chain, kind, **settings):
    of = None if kind == "random" else chain
    return chain.model_copy(
        update={
            "ticket": kind,
            "training": None,
            "baseline": Baseline(kind=kind, of=of, **settings),
        }
    )


def test_a_found_mask_goes_on_from_the_round_before(tmp_path, chain, weights):
    first, second = (str(tmp_path / f"mask{round}.pt") for round in (1, 2))
    mask(MaskSpec(chain=chain, round=1), weights(0), None, first)
    mask(MaskSpec(chain=chain, round=2), weights(1), first, second)
    one, two = load(first, chain, 1), load(second, chain, 2)
    assert not (two.kept & ~one.kept).any()
    assert two.remaining == one.remaining - round(one.remaining / 2)


def test_it_refuses_the_weights_of_another_round(tmp_path, chain, weights):
    with pytest.raises(LotteryError, match=r"weights1\.pt: made by another chain .*round is 1"):
        mask(MaskSpec(chain=chain, round=1), weights(1), None, str(tmp_path / "mask.pt"))
    assert not (tmp_path / "mask.pt").exists()


def test_a_reinitialised_ticket_shares_the_found_mask(tmp_path, chain, weights):
    found, shared = str(tmp_path / "found.pt"), str(tmp_path / "shared.pt")
    mask(MaskSpec(chain=chain, round=1), weights(0), None, found)
    other = baseline(chain, "reinitialised")
    mask(MaskSpec(chain=other, round=1), None, found, shared)
    assert torch.equal(load(shared, other, 1).kept, load(found, chain, 1).kept)


def test_a_shuffled_ticket_has_the_found_count_in_each_layer(tmp_path, chain, weights):
    found, drawn = str(tmp_path / "found.pt"), str(tmp_path / "drawn.pt")
    mask(MaskSpec(chain=chain, round=1), weights(0), None, found)
    other = baseline(chain, "shuffled")
    mask(MaskSpec(chain=other, round=1), None, found, drawn)
    ours, theirs = load(drawn, other, 1), load(found, chain, 1)
    assert not torch.equal(ours.kept, theirs.kept)
    for name, layer in theirs.layers().items():
        assert ours.layers()[name].sum() == layer.sum()


def test_random_tickets_have_the_found_count(tmp_path, chain, weights):
    found = str(tmp_path / "found.pt")
    mask(MaskSpec(chain=chain, round=1), weights(0), None, found)
    for kind, settings, read in (
        ("random", {}, None),
        ("adjusted-random", {"zero_threshold": 1e-7}, weights(0)),
    ):
        other, path = baseline(chain, kind, **settings), str(tmp_path / f"{kind}.pt")
        mask(MaskSpec(chain=other, round=1), read, None, path)
        drawn = load(path, other, 1)
        assert drawn.remaining == load(found, chain, 1).remaining
        assert not torch.equal(drawn.kept, load(found, chain, 1).kept)


def test_a_scope_leaves_the_other_layers_whole(tmp_path, chain, weights):
    first_three = chain.model_copy(update={"convolutions": 3})
    one, two = (str(tmp_path / f"mask{round}.pt") for round in (1, 2))
    mask(MaskSpec(chain=first_three, round=1), weights(0, first_three), None, one)
    mask(MaskSpec(chain=first_three, round=2), weights(1, first_three), one, two)
    found = load(two, first_three, 2)
    assert len(found.shapes) == 3
    half = found.total - round(found.total / 2)
    assert found.remaining == half - round(half / 2)


def test_baselines_have_the_scope_of_the_found_one(tmp_path, chain, weights):
    first_three = chain.model_copy(update={"convolutions": 3})
    found, path = str(tmp_path / "found.pt"), str(tmp_path / "mask.pt")
    mask(MaskSpec(chain=first_three, round=1), weights(0, first_three), None, found)
    adjusted = baseline(first_three, "adjusted-random", zero_threshold=1e-7)
    mask(MaskSpec(chain=adjusted, round=1), weights(0, first_three), None, path)
    assert len(load(path, adjusted, 1).shapes) == 3
    shuffled = baseline(first_three, "shuffled")
    mask(MaskSpec(chain=shuffled, round=1), None, found, path)
    assert len(load(path, shuffled, 1).shapes) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "shuffled"},
        {"kind": "adjusted-random", "zero_threshold": 1e-7},
        {"kind": "random", "zero_threshold": 1e-7},
    ],
)
def test_a_baseline_without_what_its_kind_reads_is_refused(settings):
    with pytest.raises(ValueError, match=f"baseline {settings['kind']}"):
        Baseline(**settings)


def test_excluded_dead_taps_are_in_no_mask_and_count_nowhere(tmp_path, chain, weights):
    """A ResNet-18 on 8x8 pixels: 62 % of its weights only ever meet padding."""
    seeing = chain.model_copy(update={"excluded_at": 8})
    found = taps(chain.architecture, 8)
    dead = sum(each.dead for each in found.values())
    kinds = ("found", "random", "adjusted-random", "shuffled")
    paths = {kind: str(tmp_path / kind) for kind in kinds}
    mask(MaskSpec(chain=seeing, round=1), weights(0, seeing), None, paths["found"])
    random = baseline(seeing, "random")
    mask(MaskSpec(chain=random, round=1), None, None, paths["random"])
    adjusted = baseline(seeing, "adjusted-random", zero_threshold=0.01)
    dense = adjusted.baseline.model_copy(update={"of": seeing.dense_training()})
    adjusted = adjusted.model_copy(update={"baseline": dense})
    mask(MaskSpec(chain=adjusted, round=1), weights(0, seeing.dense_training()), None,
         paths["adjusted-random"])  # fmt: skip
    shuffled = baseline(seeing, "shuffled")
    mask(MaskSpec(chain=shuffled, round=1), None, paths["found"], paths["shuffled"])
    for kind, of in zip(kinds, (seeing, random, adjusted, shuffled), strict=True):
        one = load(paths[kind], of, 1)
        assert one.total == len(one.kept) - dead
        assert one.remaining == one.total - round(one.total / 2)
        for name, kept in one.layers().items():
            rows = sorted(set(range(found[name].kernel)) - found[name].alive)
            assert not kept[:, :, rows].any()
            assert not kept[:, :, :, rows].any()


def test_dead_taps_are_pruned_like_all_others_unless_excluded(chain):
    weights = prunable(models.skeleton(chain.architecture))
    assert dense_mask(weights, chain.architecture, None).excluded == 0
    assert dense_mask(weights, chain.architecture, 16).excluded == 0  # it has none there
    scoped = prunable(models.skeleton(chain.architecture), 5)
    assert dense_mask(scoped, chain.architecture, 8).excluded == 0  # nor in its first layers
