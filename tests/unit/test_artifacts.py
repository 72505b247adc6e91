"""Files that are whole or absent, and that say what they are."""

import os
import subprocess
import sys

import pytest
import torch

from lottery import artifacts, files, records
from lottery.errors import LotteryError
from lottery.specs import GenerateSpec
from tests.conftest import REPOSITORY, header, recipe


@pytest.fixture
def spec(chain):
    return GenerateSpec.of(chain, 1)


@pytest.fixture
def saved(tmp_path, spec):
    path = tmp_path / "weights.pt"
    about = header("weights", spec)
    artifacts.save(path, about, {"model": {"w": torch.arange(3.0)}})
    return path


def test_an_artifact_comes_back_as_it_was(saved, spec):
    assert artifacts.load(saved, "weights", spec)["model"]["w"].tolist() == [0, 1, 2]


def test_a_truncated_artifact_is_refused(saved, spec):
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(LotteryError, match=r"weights\.pt: not a readable artifact"):
        artifacts.load(saved, "weights", spec)


def test_no_damage_passes_for_data(saved, spec):
    """Whichever bit has changed, the artifact is refused or what it holds is the same."""
    whole, refused = saved.read_bytes(), 0
    for number in range(0, 8 * len(whole), 13):
        damaged = bytearray(whole)
        damaged[number // 8] ^= 1 << number % 8
        saved.write_bytes(damaged)
        try:
            found = artifacts.load(saved, "weights", spec)["model"]["w"]
        except LotteryError:
            refused += 1
        else:
            assert found.tolist() == [0, 1, 2]
    assert refused > 100


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x80\x04N."])
def test_a_foreign_file_is_refused(tmp_path, spec, content):
    path = tmp_path / "foreign.pt"
    path.write_bytes(content)
    with pytest.raises(LotteryError, match=r"foreign\.pt: not"):
        artifacts.load(path, "weights", spec)


def test_a_state_dict_from_elsewhere_is_refused(tmp_path, spec):
    path = tmp_path / "foreign.pt"
    torch.save({"conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(LotteryError, match="not an artifact of this pipeline"):
        artifacts.load(path, "weights", spec)


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("executed",))


def test_code_in_an_artifact_is_never_run(tmp_path, spec, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"header": {}, "payload": Evil()}, "evil.pt")
    with pytest.raises(LotteryError, match=r"evil\.pt: not a readable artifact"):
        artifacts.load("evil.pt", "weights", spec)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "chain.seed is 0 there, 1 here"),
        ({"ticket": "other"}, "chain.ticket is 'labels' there, 'other' here"),
        ({"fraction": 0.2}, "chain.fraction is 0.5 there, 0.2 here"),
    ],
)
def test_an_artifact_of_another_chain_is_refused_by_name(saved, chain, change, words):
    other = GenerateSpec.of(chain.model_copy(update=change), 1)
    with pytest.raises(LotteryError, match=words):
        artifacts.load(saved, "weights", other)


def test_another_recipe_round_or_architecture_is_refused_by_name(saved, chain, narrow):
    training = chain.training.model_copy(update={"recipe": recipe(learning_rate=0.5)})
    wide = narrow.model_copy(update={"width": 8})
    for other, words in (
        (
            GenerateSpec.of(chain.model_copy(update={"training": training}), 1),
            "recipe.learning_rate is 0.001 there, 0.5 here",
        ),
        (GenerateSpec.of(chain, 2), "round is 1 there, 2 here"),
        (
            GenerateSpec.of(chain.model_copy(update={"architecture": wide}), 1),
            "architecture.width is 4 there, 8 here",
        ),
    ):
        with pytest.raises(LotteryError, match=words):
            artifacts.load(saved, "weights", other)


def test_an_artifact_of_another_kind_is_refused(saved, spec):
    with pytest.raises(LotteryError, match=r"holds 'weights', expected 'early'"):
        artifacts.load(saved, "early", spec)


def test_a_missing_artifact_is_named(tmp_path, spec):
    with pytest.raises(LotteryError, match=r"absent\.pt: No such file"):
        artifacts.load(tmp_path / "absent.pt", "weights", spec)


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"earlier")

    def write():
        with files.atomic(path) as handle:
            handle.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_line_and_keeps_the_earlier_file(saved, spec):
    """A real failed write, of the kernel's own: no file may exceed 2 kB."""
    before = saved.read_bytes()
    code = f"""
import resource, sys, torch
from lottery import artifacts
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
artifacts.save({str(saved)!r}, {{}}, {{"w": torch.zeros(100_000)}})
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert f"OSError: [Errno 27] File too large: '{saved}'" in done.stderr
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_report_cut_short_is_refused(tmp_path, spec):
    path = tmp_path / "report.json"
    records.write_report(path, header("generation", spec), {})
    records.read_report(path, "generation", spec)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LotteryError, match=r"report\.json: not a readable report"):
        records.read_report(path, "generation", spec)
