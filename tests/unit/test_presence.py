"""Data sets that this machine lacks are told of, or fetched."""

import yaml

from lottery import config
from lottery.data import presence
from tests.conftest import REPOSITORY


def settings(tmp_path, name):
    """The paper's config with a data set at a place of our own."""
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump({"datasets": {name: {"root": str(tmp_path / "data")}}}))
    return config.load([REPOSITORY / "config.yaml", overlay])


def test_missing_data_is_named_with_how_to_get_it(tmp_path):
    found = settings(tmp_path, "imagenet")
    line = presence.missing(found, ["imagenet"])["imagenet"]
    assert line.startswith(f"datasets.imagenet.root: no folder {tmp_path}/data. Get ILSVRC")
    (tmp_path / "data").mkdir()
    assert "data/train. Get ILSVRC" in presence.missing(found, ["imagenet"])["imagenet"]
    (tmp_path / "data/train").mkdir()
    line = presence.missing(found, ["imagenet"])["imagenet"]
    assert "no class folders in" in line
    for split in ("train", "val"):
        for name in range(1000):
            (tmp_path / f"data/{split}/n{name:04}").mkdir(parents=True)
            (tmp_path / f"data/{split}/n{name:04}/0.JPEG").touch()
        line = presence.missing(found, ["imagenet"]).get("imagenet", "")
        assert ("no folder" in line and "data/val: expected" in line) is (split == "train")
    assert line == ""


def test_a_root_of_cifar10_that_is_one_folder_too_deep_is_told(tmp_path):
    deep = tmp_path / "data/cifar-10-batches-py"
    deep.mkdir(parents=True)
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump({"datasets": {"cifar10": {"root": str(deep)}}}))
    found = config.load([REPOSITORY / "config.yaml", overlay])
    assert presence.missing(found, ["cifar10"])["cifar10"] == (
        f"datasets.cifar10.root: {deep} is one folder too deep: the root holds cifar-10-batches-py"
    )


def test_what_cannot_be_fetched_is_told_with_the_reason(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    (line,) = presence.fetch_missing(settings(tmp_path, "cifar10"), ["cifar10"])
    assert "datasets.cifar10.root: no folder" in line
    assert "no download from 127.0.0.1" in line
    assert "\n" not in line
