"""What `import lottery` offers to code that uses results."""

import subprocess
import sys

import pytest
import torch

import lottery
from lottery import artifacts, models, paths, records
from lottery.errors import LotteryError
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.prunable import dense_mask, prunable
from lottery.pruning.weights import pack
from lottery.specs import Baseline, EarlySpec, EvaluateSpec, GenerateSpec, MaskSpec, Rewind
from tests.conftest import REPOSITORY, header, recipe

BEHIND = {"updates": 1, "samples": 8}
"""What weights say of the training behind them."""


def test_masks_and_weights_are_loaded_without_their_specs(tmp_path, chain):
    model = models.build(chain.architecture, 10, 0, "init")
    state = model.state_dict()
    mask = dense_mask(prunable(model), chain.architecture, None)
    artifacts.save(
        tmp_path / "mask.pt", header("mask", MaskSpec(chain=chain, round=1)), mask.packed()
    )
    about = header("weights", GenerateSpec.of(chain, 0))
    artifacts.save(tmp_path / "weights.pt", about, BEHIND | pack(state, mask))
    about = header("early", EarlySpec.of(chain))
    artifacts.save(tmp_path / "early.pt", about, {"model": state, "updates": 1, "samples": 8})
    assert torch.equal(lottery.load_mask(tmp_path / "mask.pt").kept, mask.kept)
    for name in ("weights.pt", "early.pt"):
        loaded = lottery.load_weights(tmp_path / name)
        model.load_state_dict(loaded)
        assert all(torch.equal(loaded[key], value) for key, value in state.items())
    found = lottery.load_header(tmp_path / "mask.pt")
    assert (found["what"], found["spec"]["round"]) == ("mask", 1)
    with pytest.raises(LotteryError, match=r"mask\.pt: holds 'mask', expected weights or early"):
        lottery.load_weights(tmp_path / "mask.pt")


def test_a_config_is_loaded_by_its_files():
    config = lottery.load_config(REPOSITORY / "config.yaml", REPOSITORY / "config/demo.yaml")
    assert config.scale == "demo"


def test_import_lottery_imports_no_torch_and_knows_no_other_name():
    code = "import lottery, sys; assert 'torch' not in sys.modules; lottery.load_everything"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert "AttributeError: module 'lottery' has no attribute 'load_everything'" in done.stderr


def masked(root, chain, round):
    """Writes the mask of a round, nested in those before; returns it and its folder."""
    model = models.build(chain.architecture, 10, 0)
    mask = random_mask(dense_mask(prunable(model), chain.architecture, None), 0.5, round, 0)
    folder = paths.round_folder(str(root), chain.ticket, chain.seed, round)
    about = header("mask", MaskSpec(chain=chain, round=round))
    artifacts.save(paths.mask(folder), about, mask.packed())
    return mask, folder


def trained(root, chain, round, mask, folder):
    """Writes W* of a round, which nobody has trained; returns it."""
    state = models.build(chain.architecture, 10, 7 + round, "trained").state_dict()
    for name, kept in mask.layers().items():
        state[name] *= kept
    about = header("weights", GenerateSpec.of(chain, round))
    artifacts.save(paths.weights(folder), about, BEHIND | pack(state, mask))
    return state


def check(model, state, mask):
    """Whether a network has these weights under this mask."""
    kept = mask.layers()
    assert model.state_dict().keys() == state.keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name] * kept[name] if name in kept else state[name]), name


def test_a_ticket_that_is_not_rewound_has_the_last_weights_of_the_round_before(tmp_path, chain):
    training = chain.training.model_copy(
        update={"rewind": Rewind(none=True), "rewind_name": "none"}
    )
    tuned = chain.model_copy(update={"ticket": "tuned", "training": training})
    root = tmp_path / "results"
    dense = dense_mask(prunable(models.build(chain.architecture, 10, 0)), chain.architecture, None)
    place = paths.dense(str(root), tuned.dense, tuned.seed)
    before = trained(root, tuned, 0, dense, place)
    for round in (1, 2):
        mask, folder = masked(root, tuned, round)
        check(lottery.load_ticket(folder), before, mask)
        before = trained(root, tuned, round, mask, folder)
    (tmp_path / "results/tickets/tuned/seed0/round01/weights.pt").unlink()
    with pytest.raises(LotteryError, match=r"round01/weights\.pt: No such file"):
        lottery.load_ticket(folder)


def test_a_reinitialised_ticket_has_the_found_mask_and_weights_drawn_as_for_its_evaluation(
    tmp_path, chain
):
    root, reset = tmp_path / "results", {"kind": "reinitialised", "of": chain}
    update = {"ticket": "reset", "training": None, "baseline": Baseline(**reset)}
    other = chain.model_copy(update={**update, "dense": "random/narrow"}).with_seed(3)
    mask, folder = masked(root, other, 1)
    spec = EvaluateSpec.of(other, 1, chain.training.dataset, recipe())
    report = paths.evaluation(folder, "digits")
    records.write_report(report, header("evaluation", spec), {"test": {}})
    drawn = models.build(chain.architecture, 10, 3, "baseline init").state_dict()
    check(lottery.load_ticket(folder), drawn, mask)
