"""What `import lottery` offers to code that uses results."""

import subprocess
import sys

import pytest
import torch

import lottery
from lottery import artifacts, models
from lottery.errors import LotteryError
from lottery.pruning.prunable import dense_mask, prunable
from lottery.pruning.weights import pack
from lottery.specs import EarlySpec, GenerateSpec, MaskSpec
from tests.conftest import REPOSITORY, header


def test_masks_and_weights_are_loaded_without_their_specs(tmp_path, chain):
    model = models.build(chain.architecture, 10, 0, "init")
    state = model.state_dict()
    mask = dense_mask(prunable(model), chain.architecture, None)
    artifacts.save(
        tmp_path / "mask.pt", header("mask", MaskSpec(chain=chain, round=1)), mask.packed()
    )
    about = header("weights", GenerateSpec.of(chain, 0))
    artifacts.save(tmp_path / "weights.pt", about, pack(state, mask))
    about = header("early", EarlySpec.of(chain))
    artifacts.save(tmp_path / "early.pt", about, {"model": state, "update": 1})
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
