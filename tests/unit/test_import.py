"""Tickets of others: what is taken, what is refused, each in one line."""

import copy
import re

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

import lottery
from lottery import artifacts, config, models
from lottery.__main__ import main
from lottery.errors import LotteryError
from lottery.exchange import foreign
from lottery.exchange.matching import received
from lottery.pruning.mask import flat
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture
from tests.conftest import REPOSITORY

NARROW = Architecture(model="resnet", depth=18, width=4)
SHA256 = "a" * 64


def network(seed=0, outputs=10):
    return models.build(NARROW, outputs, seed)


def pruned(seed=0, density=0.3):
    """A network that torch has pruned."""
    model, stream = network(seed), torch.Generator().manual_seed(seed)
    for name in prunable(model):
        layer = model.get_submodule(name.removesuffix(".weight"))
        prune.custom_from_mask(
            layer, "weight", torch.rand(layer.weight.shape, generator=stream) < density
        )
    return model


def state(**changes):
    """Its entries, some of them changed, or with None removed; dots are double underscores."""
    found = dict(copy.deepcopy(pruned().state_dict()))
    for name, change in changes.items():
        key = name.replace("__", ".")
        if change is None:
            del found[key]
        else:
            found[key] = change(found[key]) if callable(change) else change
    return found


def take(tensors, ordered=True, outputs=None):
    """The ticket in such a file."""
    return received(foreign.Foreign("x", SHA256, 1, tensors, ordered), NARROW, outputs)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), density=st.floats(0.01, 1))
def test_what_torch_has_pruned_is_taken_bit_by_bit(seed, density):
    model = pruned(seed, density)
    found = take(model.state_dict())
    for name, kept in found.mask.layers().items():
        layer = model.get_submodule(name.removesuffix(".weight"))
        assert torch.equal(kept, layer.weight_mask.bool())
        assert torch.equal(found.state[name], layer.weight_orig)
    fresh = network(5)
    fresh.load_state_dict(found.state)
    assert all(words.startswith("warning: nothing remains of") for words in found.words)


@pytest.mark.parametrize("kind", [torch.bool, torch.uint8, torch.int64, torch.float64])
def test_masks_may_stand_beside_plain_weights_in_any_number_type(kind):
    tensors = dict(network().state_dict())
    tensors["conv1.weight_mask"] = (tensors["conv1.weight"] > 0).to(kind)
    found = take(tensors)
    assert torch.equal(found.mask.layers()["conv1.weight"], tensors["conv1.weight"] > 0)
    assert found.mask.layers()["layer1.0.conv1.weight"].all()
    (words,) = found.words
    assert re.match(r"no mask of layer1\.0\.conv1\.weight, .* and 16 more: all of", words)


def renamed(tensors, **names):
    """With other names of modules."""
    for old, new in names.items():
        tensors = {re.sub(rf"\b{old}\b", new, name): value for name, value in tensors.items()}
    return tensors


def test_other_names_are_matched_by_their_order():
    found = take(renamed(state(), downsample="shortcut", fc="linear", conv1="first"))
    expected = take(state())
    assert torch.equal(found.mask.kept, expected.mask.kept)
    assert all(torch.equal(value, expected.state[name]) for name, value in found.state.items())
    assert "matched in their order: first is conv1, layer1.0.first is" in found.words[0]


def test_without_an_order_names_must_be_the_same():
    with pytest.raises(LotteryError, match=r"missing: fc\.weight, fc\.bias; not in the network: "):
        take(renamed(state(), fc="linear"), ordered=False)


def test_another_order_is_refused():
    tensors = renamed(state(), fc="linear")
    moved = [name for name in tensors if name.startswith("layer2.0.downsample")]
    last = {name: tensors.pop(name) for name in moved}
    with pytest.raises(LotteryError, match=r"not in the network: .* \(and their order is not"):
        take({**tensors, **last})


def test_names_that_would_mean_other_modules_are_refused():
    tensors = renamed(state(), **{"layer1.0": "x", "layer1.1": "layer1.0", "x": "layer1.1"})
    swapped = renamed(tensors, fc="linear")
    with pytest.raises(LotteryError, match="their order is not the network's"):
        take(swapped)


def test_a_counter_of_batch_norm_may_be_missing():
    tensors = {k: v for k, v in state().items() if not k.endswith("num_batches_tracked")}
    assert take(tensors).state["bn1.num_batches_tracked"] == 0


def test_the_last_layer_has_any_number_of_outputs_or_the_given_one():
    tensors = state(fc__weight=lambda w: w[:4], fc__bias=lambda b: b[:4])
    assert len(take(tensors).state["fc.weight"]) == 4
    with pytest.raises(LotteryError, match=r"fc\.weight is \(4, 32\), must be \(10, 32\)"):
        take(tensors, outputs=10)


def nothing(mask):
    return torch.zeros_like(mask)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bn1__weight": None}, r"missing: bn1\.weight$"),
        ({"extra__weight": torch.ones(2)}, r"not in the network: extra\.weight$"),
        ({"bn1__weight": lambda w: w[:3]}, r"bn1\.weight is \(3,\), must be \(4,\)"),
        ({"conv1__weight_orig": lambda w: w[:, :1]}, r"conv1\.weight is \(4, 1, 3, 3\), must be"),
        ({"conv1__weight_mask": lambda m: m[:2]}, r"conv1\.weight_mask is \(2, 3, 3, 3\), must be"),
        ({"conv1__weight_mask": lambda m: m / 2}, r"conv1\.weight_mask holds 0\.5, allowed: 0 and"),
        ({"conv1__weight_mask": lambda m: m * torch.nan}, r"conv1\.weight_mask holds nan, allowed"),
        ({"conv1__weight_orig": lambda w: w.half()}, r"conv1\.weight is torch\.float16, must be t"),
        ({"conv1__weight_orig": lambda w: w / 0}, r"conv1\.weight is not finite"),
        ({"bn1__running_var": lambda v: -v}, r"bn1\.running_var is negative"),
        (
            {"fc__weight_mask": nothing(torch.ones(10, 32))},
            r"fc\.weight_mask prunes what no",
        ),
        ({"bn1__bias_mask": torch.tensor([1, 1, 1, 0])}, r"bn1\.bias_mask prunes what no ticket"),
        ({"conv9__weight_mask": torch.ones(2)}, r"conv9\.weight_mask: the weights that it masks"),
        ({"conv1__weight": torch.ones(4, 3, 3, 3)}, r"conv1\.weight is there twice"),
    ],
)
def test_what_is_no_ticket_of_the_network_is_refused_by_name(changes, words):
    with pytest.raises(LotteryError, match=words):
        take(state(**changes))


def test_a_file_without_masks_or_without_weights_left_is_refused():
    with pytest.raises(LotteryError, match="it holds no masks: entries NAME_mask"):
        take(network().state_dict())
    empty = {k: nothing(v) if k.endswith("_mask") else v for k, v in state().items()}
    with pytest.raises(LotteryError, match="its masks leave no weight"):
        take(empty)


def test_layers_of_which_nothing_remains_are_told():
    found = take(state(conv1__weight_mask=nothing))
    assert found.words == ["warning: nothing remains of conv1.weight"]


HOLDS_CODE = "not readable as a file of torch.save: truncated, or it holds more than tensors"


class Hostile:
    def __reduce__(self):
        return print, ("ran",)


@pytest.fixture
def files(tmp_path):
    """Files of each kind, good ones first."""
    made = {name: tmp_path / name for name in ("good.pt", "good.safetensors", "inside.pth")}
    torch.save(state(), made["good.pt"])
    safetensors.torch.save_file(state(), made["good.safetensors"])
    wrapped = {f"module.{name}": value for name, value in state().items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, made["inside.pth"])
    return made


def test_files_of_each_kind_hold_the_same(files):
    first = take(state())
    for path in files.values():
        given = foreign.read(path)
        assert given.size == path.stat().st_size
        found = take(given.tensors, given.ordered)
        assert torch.equal(found.mask.kept, first.mask.kept)
        assert torch.equal(flat(found.state), flat(first.state))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (None, "absent.pt", "No such file or directory"),
        (b"", "empty.pt", "not readable as a file of torch.save: "),
        (b"PK", "short.pt", "not readable as a file of torch.save: "),
        (b"{}", "short.safetensors", "not readable as safetensors: "),
        ({"x": Hostile()}, "code.pt", HOLDS_CODE),
        (nn.Linear(2, 2), "model.pt", HOLDS_CODE),
        ([torch.ones(2)], "list.pt", "holds list, allowed: a state_dict"),
        ({}, "none.pt", "holds dict, allowed: a state_dict"),
        ({"epoch": 3}, "other.pt", "epoch is int, allowed: names and tensors"),
        ({"w": torch.eye(2).to_sparse()}, "sparse.pt", "w is sparse or quantized, allowed: plain"),
    ],
)
def test_a_file_that_is_no_state_dict_is_one_line(tmp_path, capsys, content, name, words):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(LotteryError) as error:
        foreign.read(path)
    assert str(error.value).startswith(f"{path}: {words}")
    assert "\n" not in str(error.value)
    assert "ran" not in capsys.readouterr().out


@pytest.fixture
def overlay(tmp_path, monkeypatch):
    """Writes an overlay with entries of tickets, in an empty folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def write(*lines):
        path = tmp_path / "mine.yaml"
        own = "".join(f"  {line}\n" for line in lines)
        path.write_text(
            f"scale: mine\narchitectures: {{cifar-resnet18: {{width: 4}}}}\ntickets:\n{own}"
        )
        return ["--config", str(REPOSITORY / "config.yaml"), "--configfile", str(path)]

    return write


def entry(path, **keys):
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    sha256 = foreign.read(path).sha256
    return f"theirs: {{imported: {sha256}, architecture: cifar-resnet18{more}}}"


def test_a_ticket_is_imported_and_loaded(overlay, files, capsys, tmp_path):
    path = files["good.pt"]
    how = overlay(entry(path, dataset="cifar10"))
    assert main(["import", str(path), "--ticket", "theirs", *how, "--source", "A. Lice"]) == 0
    out = "results/mine/imported/theirs.pt"
    assert f"{out}: " in capsys.readouterr().err
    about = lottery.load_header(out)
    assert (about["what"], about["source"], about["codes"]) == ("imported", "A. Lice", [])
    assert about["file"]["name"] == "good.pt"
    expected = pruned()
    assert torch.equal(lottery.load_weights(out)["conv1.weight"], expected.conv1.weight_orig)
    kept = lottery.load_mask(out).layers()
    assert torch.equal(kept["conv1.weight"], expected.conv1.weight_mask.bool())
    images = torch.randn(2, 3, 8, 8)
    model = lottery.load_ticket(out)
    assert torch.equal(model.eval()(images), expected.eval()(images))
    assert main(["export", out, "-o", "again.pt"]) == 0
    again, given = torch.load("again.pt", weights_only=True), state()
    assert again.keys() == given.keys()
    assert all(torch.equal(again[name], value) for name, value in given.items())


def reseal(path, header, change):
    """Change a file as an intruder would who knows how it is sealed."""
    about, payload = artifacts.read(path)
    change(payload)
    rest = {key: value for key, value in about.items() if key not in ("seal", "digest")}
    artifacts.save(path, {**rest, **header}, payload)


def prune_all(payload):
    payload["mask"]["bits"].zero_()
    payload["mask"]["remaining"] = 0


def spoil(payload):
    payload["model"]["conv1.weight"][0] = torch.nan


def shorten(payload):
    for name in ("fc.weight", "fc.bias"):
        payload["model"][name] = payload["model"][name][:4]


@pytest.mark.parametrize(
    ("header", "change", "words"),
    [
        ({}, lambda payload: None, None),
        ({}, spoil, "conv1.weight is not finite"),
        ({}, prune_all, "no weight remains"),
        ({}, shorten, "its last layer has 4 outputs for the 10 classes"),
        ({}, lambda payload: payload["model"].pop("bn1.bias"), "not the weights of its network: b"),
        ({"file": {"sha256": SHA256}}, lambda payload: None, "its header names another file than"),
    ],
)
def test_verify_holds_an_imported_ticket_against_its_network(
    overlay, files, header, change, words, capsys
):
    path = files["good.pt"]
    how = overlay(entry(path, dataset="cifar10"))
    main(["import", str(path), "--ticket", "theirs", *how])
    reseal("results/mine/imported/theirs.pt", header, change)
    assert main(["verify", "results"]) == (words is not None)
    assert f"theirs.pt: {words}" in capsys.readouterr().out if words else True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("other: {imported: SHA, architecture: cifar-resnet18}", "no 'theirs' in the config; add"),
        ("theirs: {of: cifar10-labels-resnet18, baseline: random}", "'theirs' is made here: its"),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet18}}",
            "SHA-256 is SHA, but",
        ),
        ("theirs: {imported: SHA, architecture: cifar-resnet50}", "as cifar-resnet50: missing: la"),
    ],
)
def test_an_entry_of_another_ticket_is_one_line(overlay, files, capsys, given, words):
    path = files["good.pt"]
    sha256 = foreign.read(path).sha256
    how = overlay(given.replace("SHA", sha256))
    assert main(["import", str(path), "--ticket", "theirs", *how]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words.replace("SHA,", f"{sha256},") in line


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("theirs: {imported: abc, architecture: cifar-resnet18}", "String should match pattern"),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet19}}",
            "tickets.theirs.architecture: no 'cifar-resnet19' among the architectures; did you",
        ),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet18, dataset: cifar}}",
            "tickets.theirs.dataset: no 'cifar' among the datasets",
        ),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet18, recipe: x}}",
            "tickets.theirs.recipe: unknown key; known: architecture, dataset, imported",
        ),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet18}}\n"
            "  random: {of: theirs, baseline: random}",
            "tickets.random.of: 'theirs' is imported; name a ticket that is found here",
        ),
        (
            f"theirs: {{imported: {SHA256}, architecture: cifar-resnet18}}\n"
            "figures: {cost: {panels: {ResNet-50: {curves: {Theirs: theirs}}}}}",
            "curves.Theirs: 'theirs' is imported: it has no generation trainings",
        ),
    ],
)
def test_a_wrong_entry_is_told_with_its_key(overlay, given, words):
    _, paper, _, mine = overlay(given)
    with pytest.raises(LotteryError) as error:
        config.load([paper, mine])
    assert words in str(error.value)
