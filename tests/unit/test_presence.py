"""Data sets that this machine lacks are told of, or fetched."""

import json
import os
import shutil

import pytest
import yaml

from lottery import config
from lottery.data import class_folders, presence
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


def folders_of(root, names):
    for split in ("train", "val"):
        for name in names:
            (root / split / name).mkdir(parents=True, exist_ok=True)
            (root / split / name / "0.png").touch()


def surveyed(root, report):
    """What the stage `images` would report, and the config that says where the folder is."""
    entry = {
        "format": "folder",
        "root": str(root),
        "test": "val",
        "classes": 2,
        "train_images": None,
    }
    overlay = report.parent / "mine.yaml"
    overlay.write_text(yaml.safe_dump({"datasets": {"cifar10": entry}}))
    found = config.load([REPOSITORY / "config.yaml", overlay])
    survey = class_folders.survey(found.dataset("cifar10"), root)
    report.write_text(json.dumps({"result": {"folders": survey.folders}}))
    return found, survey.contents


def test_an_exchange_of_class_folders_is_seen_whatever_their_times(tmp_path):
    root, report = tmp_path / "pets", tmp_path / "report.json"
    folders_of(root, ["cat", "dog"])
    (root / "train/cat/1.png").touch()
    for place in root.glob("*/*"):
        os.utime(place, (1, 1))
    found, before = surveyed(root, report)
    assert presence.contents(found, "cifar10", str(report)) == (before, "")
    (root / "train/cat").rename(root / "train/tmp")
    (root / "train/dog").rename(root / "train/cat")
    (root / "train/tmp").rename(root / "train/dog")
    now, line = presence.contents(found, "cifar10", str(report))
    assert now != before
    assert "train/cat: 1 images, was 2 images, train/dog: 2 images, was 1 images" in line


def test_a_folder_that_is_not_as_it_should_be_changes_nothing_but_is_told(tmp_path):
    root, report = tmp_path / "pets", tmp_path / "report.json"
    folders_of(root, ["cat", "dog"])
    found, before = surveyed(root, report)
    (root / "val/dog/0.png").unlink()
    now, line = presence.contents(found, "cifar10", str(report))
    assert now == before
    assert line == f"datasets.cifar10: no images in {root}/val/dog; what was made from it stays"
    shutil.rmtree(root)
    assert presence.contents(found, "cifar10", str(report)) == (before, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"result": {"folders": {"train/cat": ["x", "many", "zz"]}}}',
        '{"result": {"folders": {"train/cat": ["1 1 1", 1, null]}}}',
        '{"result": {"folders": [1]}}',
        "[" * 200_000,
    ],
    ids=["empty", "list", "nothing", "words", "null", "other", "deep"],
)
def test_a_damaged_report_is_as_good_as_none(tmp_path, text):
    root, report = tmp_path / "pets", tmp_path / "report.json"
    folders_of(root, ["cat", "dog"])
    found, before = surveyed(root, report)
    report.write_text(text)
    assert presence.contents(found, "cifar10", str(report)) == (before, "")


def test_a_folder_that_leads_in_a_circle_is_told_in_a_line(tmp_path):
    root = tmp_path / "pets"
    folders_of(root, ["cat", "dog"])
    found, _ = surveyed(root, tmp_path / "report.json")
    (root / "train/eel").symlink_to("eel")
    (line,) = presence.missing(found, ["cifar10"]).values()
    assert line == f"datasets.cifar10: {root}/train/eel: Too many levels of symbolic links"


def test_how_to_get_a_data_set_is_not_said_of_another_in_its_place(tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("datasets: {cifar10: {format: folder, root: nowhere, classes: 2}}")
    found = config.load([REPOSITORY / "config.yaml", overlay])
    line = presence.missing(found, ["cifar10"])["cifar10"]
    assert line == "datasets.cifar10.root: no folder nowhere."
