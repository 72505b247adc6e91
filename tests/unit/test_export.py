"""Tickets for others: each file is read by the library that it is for, without this package."""

import json
import re
import shutil

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn.utils import prune

import lottery
from lottery import artifacts, models
from lottery.__main__ import main
from lottery.errors import LotteryError
from lottery.exchange import onnx
from lottery.stages.export import export
from tests.rounding import assert_same_outputs
from tests.unit.test_verify import make


@pytest.fixture(scope="module")
def whole(tmp_path_factory, chain):
    """Results of one seed."""
    root = tmp_path_factory.mktemp("project") / "results"
    make(root, chain, seeds=(0,))
    return root


@pytest.fixture(scope="module")
def found(whole):
    """The folder of a found ticket."""
    return whole / "tickets/labels/seed0/round02"


@pytest.fixture(scope="module")
def batch():
    """Random images."""
    return torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def outputs(model, batch):
    with torch.no_grad():
        return model.eval()(batch)


def fresh(architecture):
    """A network with other weights, as another one would build it."""
    return models.build(architecture, 10, 9, "elsewhere")


def test_a_ticket_is_its_early_weights_under_its_mask(whole, found):
    model = lottery.load_ticket(found)
    early = lottery.load_weights(whole / "dense/digits/all/narrow/labels/short/seed0/early/late.pt")
    kept = lottery.load_mask(found / "mask.pt").layers()
    assert model.state_dict().keys() == early.keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, early[name] * kept[name] if name in kept else early[name])
    assert model.training


def test_a_baseline_has_the_weights_that_its_evaluation_draws(whole, chain):
    folder = whole / "tickets/random/seed0/round02"
    model = lottery.load_ticket(folder)
    drawn = models.build(chain.architecture, 10, 0, "baseline init").state_dict()
    kept = lottery.load_mask(folder / "mask.pt").layers()
    for name, value in model.state_dict().items():
        assert torch.equal(value, drawn[name] * kept[name] if name in kept else drawn[name])


def test_a_baseline_without_its_evaluation_has_no_number_of_outputs(whole, tmp_path):
    copied = shutil.copytree(whole, tmp_path / "results")
    folder = copied / "tickets/random/seed0/round02"
    (folder / "evaluation-digits.json").unlink()
    with pytest.raises(LotteryError, match="random is a baseline: without the report"):
        lottery.load_ticket(folder)


def test_a_mask_alone_is_no_ticket(found, tmp_path):
    folder = tmp_path / "tickets/other/seed0/round02"
    shutil.copytree(found, folder)
    with pytest.raises(LotteryError, match=r"must end like .*tickets/labels/seed0/round02"):
        lottery.load_ticket(folder)
    shutil.move(tmp_path / "tickets/other", tmp_path / "tickets/labels")
    with pytest.raises(LotteryError, match=r"early/late\.pt: No such file"):
        lottery.load_ticket(tmp_path / "tickets/labels/seed0/round02")
    with pytest.raises(LotteryError, match=r"nothing/mask\.pt: No such file"):
        lottery.load_ticket(tmp_path / "nothing")


def test_the_folder_may_be_relative(found, monkeypatch):
    monkeypatch.chdir(found.parent)
    lottery.load_ticket("round02")
    monkeypatch.chdir(found)
    lottery.load_ticket(".")


def test_safetensors_hold_the_same_network_and_its_header(found, tmp_path, chain, batch):
    out = tmp_path / "ticket.safetensors"
    assert main(["export", str(found), "-o", str(out)]) == 0
    model = fresh(chain.architecture)
    model.load_state_dict(load_file(out))
    assert torch.equal(outputs(model, batch), outputs(lottery.load_ticket(found), batch))
    with safe_open(out, "pt") as opened:
        about = {name: json.loads(value) for name, value in opened.metadata().items()}
    start = about.pop("start")
    assert about == lottery.load_header(found / "mask.pt")
    assert start["path"].endswith("early/late.pt")


def test_a_pruned_network_of_torch_takes_the_ticket(whole, found, tmp_path, chain, batch):
    out = tmp_path / "ticket.pt"
    assert main(["export", str(found), "-o", str(out), "--format", "prune"]) == 0
    model = fresh(chain.architecture)
    for name in lottery.load_mask(found / "mask.pt").shapes:
        layer = model.get_submodule(name.removesuffix(".weight"))
        prune.custom_from_mask(layer, "weight", torch.ones_like(layer.weight))
    state = torch.load(out, weights_only=True)
    model.load_state_dict(state, strict=True)
    assert torch.equal(outputs(model, batch), outputs(lottery.load_ticket(found), batch))
    early = lottery.load_weights(whole / "dense/digits/all/narrow/labels/short/seed0/early/late.pt")
    assert torch.equal(state["conv1.weight_orig"], early["conv1.weight"])


@pytest.mark.numbers
def test_onnx_predicts_the_same(found, tmp_path, batch):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    out = tmp_path / "ticket.onnx"
    export(str(found), str(out))
    session = runtime.InferenceSession(out, providers=["CPUExecutionProvider"])
    for images in (batch, batch[:1]):
        (logits,) = session.run(["logits"], {"images": images.numpy()})
        model = lottery.load_ticket(found)
        assert_same_outputs(torch.from_numpy(logits), outputs(model, images), model)


def test_compact_onnx_predicts_the_same_and_tells_what_it_saves(found, tmp_path, batch, capsys):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    out = tmp_path / "ticket.onnx"
    assert main(["export", str(found), "-o", str(out), "--compact"]) == 0
    session = runtime.InferenceSession(out, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"images": batch.numpy()})
    model = lottery.load_ticket(found)
    assert_same_outputs(torch.from_numpy(logits), outputs(model, batch), model)
    told = r"compact: \d+ of 300 channels, [\d.]+ MB instead of [\d.]+ MB, [\d.]+ ms instead of "
    assert re.search(told, capsys.readouterr().err)


def test_only_onnx_is_made_compact(found, tmp_path, capsys):
    assert main(["export", str(found), "-o", str(tmp_path / "ticket.pt"), "--compact"]) == 1
    error = f"--compact: {tmp_path}/ticket.pt is written as prune; allowed: onnx"
    assert capsys.readouterr().err.splitlines() == [f"lottery export: error: {error}"]


def test_networks_that_predict_otherwise_are_not_exchanged():
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    one, other = (
        onnx.written(torch.nn.Sequential(torch.nn.Flatten(), layer), 2)
        for layer in (torch.nn.Linear(12, 2), torch.nn.Linear(12, 2))
    )
    with pytest.raises(LotteryError, match="the outputs of the two networks differ by"):
        onnx.compare(one, other, 2)


def test_without_its_packages_onnx_is_one_line(found, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    assert main(["export", str(found), "-o", str(tmp_path / "ticket.onnx")]) == 1
    error = "lottery export: error: ONNX needs onnx: pip install 'lottery[onnx]'"
    assert capsys.readouterr().err.splitlines() == [error]
    assert not list(tmp_path.iterdir())


def test_a_suffix_that_says_nothing_needs_a_format(found, tmp_path):
    with pytest.raises(LotteryError, match=r"ticket\.bin: no known suffix .* give a --format"):
        export(str(found), str(tmp_path / "ticket.bin"))


def test_a_start_that_was_edited_is_refused(found, whole, tmp_path):
    copied = shutil.copytree(whole, tmp_path / "results")
    early = copied / "dense/digits/all/narrow/labels/short/seed0/early/late.pt"
    header, payload = artifacts.read(early)
    payload["model"]["conv1.weight"] *= 1.05
    torch.save({"header": header, "payload": payload}, early)
    with pytest.raises(LotteryError, match=r"late\.pt: damaged or edited"):
        lottery.load_ticket(copied / found.relative_to(whole))
