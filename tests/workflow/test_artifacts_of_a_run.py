"""What the figure's run leaves behind."""

import csv
import itertools
import json

import pytest
import torch
import yaml

from lottery import artifacts, config, models, paths
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.pruning.selection import remaining_after
from lottery.pruning.weights import unpack
from lottery.specs import EarlySpec, GenerateSpec, MaskSpec
from tests.workflow.project import DENSE, FIGURE, TINY

LABELS, ROTNET, RANDOM = (
    f"cifar10-{kind}-resnet18" for kind in ("labels", "rotnet", "adjusted-random")
)


@pytest.fixture(scope="module")
def settings(finished):
    return config.load([finished.root / "config.yaml", finished.root / TINY])


def load(finished, what, path, spec):
    return artifacts.load(finished.root / path, what, spec)


def test_the_figure_is_drawn_as_pdf_and_png(finished):
    assert (finished.root / FIGURE).read_bytes().startswith(b"%PDF")
    assert (finished.root / FIGURE).with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_left_to_do(finished):
    assert finished.plan() == {}


def test_the_table_has_one_row_per_curve_seed_and_round(finished):
    rows = list(csv.DictReader((finished.root / "results/tiny/tables/fig1a.csv").open()))
    found = {(row["curve"], int(row["round"])): row for row in rows}
    curves = ("Labels", "RotNet", "Random (adjusted)")
    assert set(found) == {(curve, round) for curve in curves for round in (0, 2)}
    assert len(rows) == len(found)
    for (_, round), row in found.items():
        left = remaining_after(int(row["total"]), 0.5, round)
        assert int(row["remaining"]) == left
        assert float(row["density"]) == pytest.approx(left / int(row["total"]))
        assert 0 <= float(row["accuracy"]) <= 1


def test_a_labels_ticket_is_judged_by_its_own_trainings(finished):
    """The same recipe on the same data from the same W_k would be the same training twice."""
    folder = finished.root / "results/tiny/tickets"
    assert not list((folder / LABELS).rglob("evaluation-*.json"))
    assert len(list((folder / ROTNET).rglob("evaluation-*.json"))) == 1
    assert len(list((folder / RANDOM).rglob("evaluation-*.json"))) == 1
    dense = sorted((finished.root / "results/tiny/dense").rglob("evaluation-*.json"))
    assert [str(path.relative_to(finished.root)) for path in dense] == [
        f"{DENSE}/rotnet/cifar10-rotnet/rewind-cifar10/seed0/evaluation-cifar10.json",
        "results/tiny/dense/random/cifar-resnet18/seed0/evaluation-cifar10.json",
    ]
    assert not list((folder / RANDOM).rglob("weights.pt"))


@pytest.mark.parametrize("ticket", [LABELS, ROTNET, RANDOM])
def test_masks_are_nested_and_exact(finished, settings, ticket):
    masks = [
        Mask.unpack(
            load(
                finished,
                "mask",
                paths.mask(paths.round_folder("results/tiny", ticket, 0, round)),
                MaskSpec(chain=settings.chain(ticket, 0), round=round),
            )
        )
        for round in ((1, 2) if ticket != RANDOM else (2,))
    ]
    for round, mask in zip((1, 2) if ticket != RANDOM else (2,), masks, strict=True):
        assert mask.remaining == remaining_after(mask.total, 0.5, round)
    for before, after in itertools.pairwise(masks):
        assert not (after.kept & ~before.kept).any()


@pytest.mark.parametrize("ticket", [LABELS, ROTNET])
def test_pruned_weights_are_zero_at_the_end_of_each_round(finished, settings, ticket):
    chain = settings.chain(ticket, 0)
    for round in (1, 2) if ticket == LABELS else (1,):
        spec = GenerateSpec.of(chain, round)
        path = paths.weights(paths.round_folder("results/tiny", ticket, 0, round))
        state = unpack(load(finished, "weights", path, spec))
        mask = Mask.unpack(
            load(
                finished,
                "mask",
                paths.mask(paths.round_folder("results/tiny", ticket, 0, round)),
                MaskSpec(chain=chain, round=round),
            )
        )
        for name, kept in mask.layers().items():
            assert (state[name][~kept] == 0).all()
            assert (state[name][kept] != 0).any()


def test_early_weights_are_neither_the_first_nor_the_last(finished, settings):
    spec = settings.generate(ROTNET, 0, 0)
    folder = f"{DENSE}/rotnet/cifar10-rotnet/seed0"
    at = EarlySpec.of(settings.chain(ROTNET, 0))
    early = load(finished, "early", paths.early(folder, "cifar10"), at)
    last = load(finished, "weights", paths.weights(folder), spec)
    first = prunable(models.build(spec.chain.architecture, 4, 0, "init"))
    assert early["updates"] == 43, "one epoch of 1352 images in batches of 32, in four rotations"
    for name, weight in unpack(last).items():
        if name not in first:
            continue
        assert not torch.equal(early["model"][name], weight)
        assert not torch.equal(early["model"][name], first[name])


def test_artifacts_say_what_they_are(finished):
    folder = finished.root / "results/tiny/tickets" / ROTNET / "seed0/round01"
    header = torch.load(folder / "weights.pt", weights_only=True)["header"]
    assert header["what"] == "weights"
    assert header["spec"]["round"] == 1
    assert header["spec"]["chain"]["ticket"] == ROTNET
    assert header["spec"]["chain"]["training"]["recipe"]["learning_rate"] == 0.001
    assert set(header["inputs"]) == {"subset", "mask", "early"}
    assert all(len(entry["digest"]) == 64 for entry in header["inputs"].values())
    assert header["versions"]["torch"] == torch.__version__.split("+")[0]
    assert header["seconds"] > 0
    assert header["device"]
    assert header["memory_mb"] > 100
    report = json.loads((folder / "generation.json").read_text())
    assert len(report["result"]["epochs"]) == 2


def test_logs_stand_beside_the_results(finished):
    name = f"generate/{ROTNET}/seed0/round01"
    log = (finished.root / f"results/tiny/logs/{name}.log").read_text()
    assert "epoch 2/2" in log
    assert "images/s" in log


def test_natural_sparsity_is_a_stage_too(edited):
    path = f"{DENSE}/labels/cifar10-labels/seed0/sparsity.json"
    edited.run(path)
    result = json.loads((edited.root / path).read_text())["result"]
    assert (
        result["cuts"]
        == yaml.safe_load((edited.root / "config.yaml").read_text())["sparsity"]["cuts"]
    )
    assert result["sparsity"] == sorted(result["sparsity"])
    assert result["magnitudes"] == sorted(result["magnitudes"])
