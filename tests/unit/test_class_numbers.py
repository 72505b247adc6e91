"""Both splits of a data set number its classes alike; folders that cannot are refused."""

import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lottery.data import datasets
from lottery.errors import LotteryError
from lottery.specs import Dataset, ImagesSpec, Subset, SubsetSpec
from lottery.stages import inputs
from lottery.stages.images import images as images_stage
from lottery.stages.subset import subset as subset_stage
from tests.unit.test_embedded import both, of

GREY = (0.5, 0.5, 0.5)
SPLITS = pytest.mark.parametrize("split", ["train", "test"])
KINDS = pytest.mark.parametrize("streamed", [False, True], ids=["decoded", "streamed"])


def pets(streamed=False, classes=2):
    kind = {"streamed": streamed, "train": "train", "test": "val"}
    return Dataset(
        name="pets", format="folder", classes=classes, image_size=8, mean=GREY, std=GREY, **kind
    )


@pytest.fixture
def fill(tmp_path):
    """Makes a folder with those classes in each split; an image is as bright as its class says."""

    def make(train, val):
        for split, names in {"train": train, "val": val}.items():
            for name in names:
                (tmp_path / split / name).mkdir(parents=True)
                pixels = np.full((8, 8, 3), sum(map(ord, name)) % 256, np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / name / "0.png")
        return tmp_path

    return make


def complaint(root, split, streamed=False, classes=2):
    with pytest.raises(LotteryError) as error:
        datasets.load(pets(streamed, classes), root, split)
    assert "\n" not in str(error.value)
    return str(error.value)


@SPLITS
@KINDS
@pytest.mark.parametrize(
    ("train", "val", "words"),
    [
        # Dog sorts before cat: dogs would be class 1 of one split and class 0 of the other
        (
            ["cat", "dog"],
            ["Dog", "cat"],
            "only in train: 'dog'; only in val: 'Dog'; one class in two spellings? 'dog' and 'Dog'",
        ),
        (["cat", "dog"], ["ape", "bee"], "only in train: 'cat', 'dog'; only in val: 'ape', 'bee'"),
        (["cat", "dog"], ["cat"], "only in train: 'dog'"),
        (["cat"], ["cat", "dog"], "only in val: 'dog'"),
        (
            ["cat", "dog"],
            ["cat ", "dog"],
            "only in train: 'cat'; only in val: 'cat '; "
            "one class in two spellings? 'cat' and 'cat '",
        ),
    ],
    ids=["case", "names", "fewer", "more", "a blank"],
)
def test_other_class_folders_are_named(fill, train, val, words, split, streamed):
    root = fill(train, val)
    assert complaint(root, split, streamed) == f"datasets.pets: class folders differ: {words}"


def test_an_accent_that_is_written_in_two_ways_is_told(fill):
    composed, apart = (unicodedata.normalize(form, "bär") for form in ("NFC", "NFD"))
    assert complaint(fill([composed, "cat"], [apart, "cat"]), "train").endswith(
        r"one class in two spellings? 'b\xe4r' and 'ba\u0308r'"
    )


def test_of_many_folders_some_are_named_in_one_line(fill):
    numbers = [f"{number:02}" for number in range(12)]
    root = fill([f"n{number}\n" for number in numbers], [f"N{number}\n" for number in numbers])
    assert complaint(root, "train", classes=12) == (
        r"datasets.pets: class folders differ: only in train: 'n00\n', 'n01\n', 'n02\n', 'n03\n', "
        r"'n04\n' and 7 more; only in val: 'N00\n', 'N01\n', 'N02\n', 'N03\n', 'N04\n' and 7 more; "
        r"one class in two spellings? 'n00\n' and 'N00\n', 'n01\n' and 'N01\n', 'n02\n' and "
        r"'N02\n', 'n03\n' and 'N03\n', 'n04\n' and 'N04\n' and 7 more"
    )


@SPLITS
@KINDS
def test_it_is_told_before_any_image_is_opened(fill, split, streamed):
    root = fill(["cat", "dog"], ["cat", "eel"])
    for path in root.rglob("*.png"):
        path.write_bytes(b"not an image")
    assert "only in val: 'eel'" in complaint(root, split, streamed)


@SPLITS
@KINDS
def test_an_empty_class_of_either_split_is_told_before_any_image_is_opened(fill, split, streamed):
    root = fill(["cat", "dog"], ["cat", "dog"])
    for path in root.rglob("*.png"):
        path.write_bytes(b"not an image")
    (root / "val/dog/0.png").rename(root / "val/dog/readme.txt")
    assert complaint(root, split, streamed).startswith(
        f"datasets.pets: no images in {root}/val/dog (1 .txt; images are .avif, .bmp, "
    )


def test_images_one_folder_deeper_are_told_where(fill):
    root = fill(["cat", "dog"], ["cat", "dog"])
    (root / "train/dog/images").mkdir()
    (root / "train/dog/0.png").rename(root / "train/dog/images/0.png")
    assert complaint(root, "test") == (
        f"datasets.pets: no images in {root}/train/dog; there are some one folder deeper, in "
        "images: `python -m lottery arrange --help`"
    )


def test_a_hidden_folder_is_no_class(fill):
    """Whatever the config's number of classes, `.trash` is never trained on."""
    root = fill(["cat", "dog", ".trash"], ["cat", "dog"])
    assert datasets.load(pets(), root, "train").labels.tolist() == [0, 1]
    assert complaint(root, "train", classes=3) == (
        f"datasets.pets.classes: 3 in the config, 2 class folders in {root}/train: 'cat', 'dog' "
        "(hidden, so no classes: '.trash')"
    )


def test_a_class_whose_link_leads_nowhere_is_told(fill):
    root = fill(["cat", "dog"], ["cat", "dog"])
    (root / "val/eel").symlink_to("../gone/eel")
    assert complaint(root, "train", classes=3) == (
        f"datasets.pets: {root}/val/eel: a link to ../gone/eel, which is not there"
    )


@SPLITS
def test_a_split_that_is_missing_or_has_no_class_folders_is_told(fill, split):
    root = fill(["cat", "dog"], ["cat", "dog"])
    shutil.rmtree(root / "val")
    layout = f"expected {root}/val/CLASS/IMAGE.jpg; `python -m lottery arrange --help` may make it"
    assert complaint(root, split) == f"datasets.pets: no folder {root}/val: {layout}"
    (root / "val").mkdir()
    (root / "val/0.png").touch()  # as ImageNet's validation images come: in no folders
    assert complaint(root, split) == (
        f"datasets.pets: no class folders in {root}/val (1 images lie in it): {layout}"
    )


def test_files_beside_the_class_folders_count_for_nothing(fill):
    root = fill(["cat", "dog"], ["cat", "dog"])
    (root / "train/.DS_Store").touch()
    (root / "val/labels.txt").touch()
    assert datasets.load(pets(), root, "test").labels.tolist() == [0, 1]


@KINDS
def test_a_class_has_one_number_in_both_splits(fill, streamed):
    names = ["zebra", "Ant", "bee", "10", "9", "_hidden", "über"]
    root = fill(names, reversed(names))
    by_split = []
    for split in ("train", "test"):
        found = datasets.load(pets(streamed, classes=7), root, split)
        if streamed:
            keys = [Path(name).parent.name for name in found.names]
        else:
            keys = found.pixels[:, 0, 0, 0].tolist()
        by_split.append(dict(zip(keys, found.labels.tolist(), strict=True)))
    assert by_split[0] == by_split[1]
    assert sorted(by_split[0].values()) == list(range(7))
    if streamed:
        assert by_split[0] == {name: label for label, name in enumerate(sorted(names))}


@pytest.mark.parametrize("format", ["digits", "letters"])
def test_a_drawn_class_looks_alike_in_both_splits(format):
    """Of photographs, whose strips look alike, tests/unit/test_embedded.py compares the places."""
    means = []
    for images in both(of(format)):
        pixels = images.pixels.flatten(1).float()
        each = torch.stack([pixels[images.labels == label].mean(0) for label in range(10)])
        means.append(torch.nn.functional.normalize(each - each.mean(0)))
    alike = means[0] @ means[1].T
    assert alike.argmax(0).tolist() == alike.argmax(1).tolist() == list(range(10))


def test_a_subset_of_the_classes_is_numbered_alike_in_both_splits(digits, tmp_path):
    spec = SubsetSpec.of(digits, Subset(classes=4), 0)
    paths = [str(tmp_path / name) for name in ("images.pt", "subset.pt")]
    images_stage(ImagesSpec(dataset=digits), "", paths[0])
    subset_stage(spec, *paths)
    drawn = torch.load(paths[1], weights_only=True)["payload"]["classes"]
    data = inputs.data(spec, paths[1], paths[0])
    assert data.classes == len(drawn) == 4
    for split, found in {"train": data.train, "test": data.test}.items():
        whole = datasets.load(digits, None, split)
        kept = torch.isin(whole.labels, drawn)
        assert torch.equal(found.pixels, whole.pixels[kept])
        assert torch.equal(drawn[found.labels], whole.labels[kept])
