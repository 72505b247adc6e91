"""Downloads of image data sets become class folders of links; what does not fit is told first."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from lottery.data import class_folders, datasets
from lottery.errors import LotteryError
from lottery.specs import Dataset
from lottery.stages.arrange import arrange
from tests.conftest import REPOSITORY

FISH, DOG = "n01440764", "n02102040"
GREY = (0.5, 0.5, 0.5)
ALL_OF_TWO = {
    "train": {FISH: {"a.JPEG", "b.JPEG"}, DOG: {"c.JPEG"}},
    "val": {FISH: {"v1.JPEG", "v3.JPEG"}, DOG: {"v2.JPEG"}},
}
PLACES = {
    "train": {"airfield": {"1.jpg", "2.jpg"}, "church-indoor": {"1.jpg"}},
    "val": {"airfield": {"v2.jpg"}, "church-indoor": {"v1.jpg", "v3.jpg"}},
}
TINY_LIST = (
    f"v1.JPEG\t{FISH}\t0\t32\t44\t62\nv2.JPEG\t{DOG}\t5\t5\t9\t9\nv3.JPEG\t{FISH}\t1\t2\t3\t4\n"
)
KAGGLE_LIST = (  # two boxes, a blank at the end: as Kaggle writes them
    f"ImageId,PredictionString\nv2,{DOG} 85 1 499 272\nv1,{FISH} 1 2 3 4 {FISH} 5 6 7 8 \n"
    f"v3,{FISH} 0 0 9 9 \n"
)


def write(root, files):
    """Files by their paths; of an image its path is the content, so that links can be followed."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name if text is None else text))


def images(*names):
    return dict.fromkeys(names)


def tiny(root):
    """As tiny-imagenet-200.zip has it, with its boxes and its test images."""
    write(
        root,
        {
            **images(f"train/{FISH}/images/a.JPEG", f"train/{FISH}/images/b.JPEG"),
            **images(f"train/{DOG}/images/c.JPEG", "test/images/t.JPEG"),
            **images("val/images/v1.JPEG", "val/images/v2.JPEG", "val/images/v3.JPEG"),
            f"train/{FISH}/{FISH}_boxes.txt": "a.JPEG\t0\t1\t2\t3\n",
            "val/val_annotations.txt": TINY_LIST,
        },
    )


def imagenet(root):
    """As ImageNet's archives have it, without any list."""
    write(
        root,
        {
            **images(f"train/{FISH}/a.JPEG", f"train/{FISH}/b.JPEG", f"train/{DOG}/c.JPEG"),
            **images("val/v1.JPEG", "val/v2.JPEG", "val/v3.JPEG"),
        },
    )


def places365(root, data="data_256", val="val_256", lists="."):
    write(
        root,
        {
            **images(f"{data}/a/airfield/1.jpg", f"{data}/a/airfield/2.jpg"),
            **images(f"{data}/c/church/indoor/1.jpg"),
            **images(f"{val}/v1.jpg", f"{val}/v2.jpg", f"{val}/v3.jpg"),
            f"{lists}/places365_val.txt": "v1.jpg 91\nv2.jpg 0\nv3.jpg 91\n",
            f"{lists}/categories_places365.txt": "/a/airfield 0\n/c/church/indoor 91\n",
        },
    )


def development_kit(data, numbers="2\n1\n2\n", **changes):
    """Its data/: classes and, above them in WordNet, a synset that is none."""
    kind = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    synsets = [(1, DOG, "springer", 0), (2, FISH, "tench", 0), (1001, "n00001740", "entity", 2)]
    data.mkdir(parents=True, exist_ok=True)
    savemat(data / "meta.mat", {"synsets": np.array(synsets, kind)[:, None], **changes})
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text(numbers)


DOWNLOADS = {"tiny-imagenet": tiny, "imagenet": imagenet, "places365": places365}


@pytest.fixture
def download(tmp_path):
    """The folder of a download, and where its links are to go."""
    return tmp_path / "download", tmp_path / "arranged" / "here"


def names(folder):
    return {path.name for path in folder.iterdir()}


def found(root):
    """The names below it by split and class, as the pipeline finds them."""
    return {
        split.name: {place.name: names(place) for place in split.iterdir()}
        for split in root.iterdir()
    }


def tree(root):
    """All that is in a folder, links as what they say."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.is_dir()
        for path in root.rglob("*")
    }


@pytest.mark.parametrize(
    ("layout", "expected"), [("tiny-imagenet", ALL_OF_TWO), ("places365", PLACES)]
)
def test_a_download_becomes_class_folders(download, layout, expected):
    source, to = download
    DOWNLOADS[layout](source)
    arrange(layout, str(source), str(to))
    assert found(to) == expected


def test_links_are_relative_and_a_folder_of_one_class_is_one_link(download):
    source, to = download
    tiny(source)
    arrange("tiny-imagenet", str(source), str(to))
    assert tree(to) == {
        "train": True,
        f"train/{FISH}": f"../../../download/train/{FISH}/images",
        f"train/{DOG}": f"../../../download/train/{DOG}/images",
        "val": True,
        f"val/{FISH}": True,
        f"val/{FISH}/v1.JPEG": "../../../../download/val/images/v1.JPEG",
        f"val/{FISH}/v3.JPEG": "../../../../download/val/images/v3.JPEG",
        f"val/{DOG}": True,
        f"val/{DOG}/v2.JPEG": "../../../../download/val/images/v2.JPEG",
    }


@pytest.mark.parametrize("layout", DOWNLOADS)
def test_each_link_leads_to_the_image_of_its_name(download, layout, tmp_path):
    source, to = download
    DOWNLOADS[layout](source)
    if layout == "imagenet":
        write(source, {"LOC_val_solution.csv": KAGGLE_LIST})
    arrange(layout, str(source), str(to))
    (tmp_path / "moved").mkdir()
    source, to = (Path(shutil.move(path, tmp_path / "moved")) for path in (source, to.parent))
    for split, classes in found(to / "here").items():
        for name, members in classes.items():
            for file in members:
                path = to / "here" / split / name / file
                assert path.resolve() == source / path.read_text()
                assert Path(path.read_text()).name == file


def test_places_that_are_links_themselves_are_followed(download, tmp_path):
    source, to = download
    tiny(tmp_path / "far/away/disk")
    source.symlink_to("far/away/disk")
    (tmp_path / "far/scratch").mkdir()
    to.parent.symlink_to("far/scratch")
    arrange("tiny-imagenet", str(source), str(to))
    assert found(to) == ALL_OF_TWO


def test_a_relative_place_is_of_the_working_folder(download, monkeypatch):
    source, to = download
    tiny(source)
    monkeypatch.chdir(source)
    arrange("tiny-imagenet", ".", "../arranged/here")
    assert found(to) == ALL_OF_TWO


# Lists of ImageNet's validation images


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("LOC_val_solution.csv", KAGGLE_LIST),
        ("val/LOC_val_solution.csv", KAGGLE_LIST),
        ("../LOC_val_solution.csv", KAGGLE_LIST),
        ("LOC_val_solution.csv", KAGGLE_LIST.replace("\n", "\r\n")),
        ("val.txt", f"v2.JPEG {DOG}\nv1.JPEG {FISH}\nv3.JPEG {FISH}"),
        ("val/val.txt", f"v2\t{DOG}\nv1\t{FISH}\nv3\t{FISH}\n\n"),
    ],
    ids=["csv", "csv beside the images", "csv above", "csv of DOS", "plain", "tabs, no suffixes"],
)
def test_a_list_of_imagenet_is_found_and_read(download, place, text):
    source, to = download
    imagenet(source)
    write(source, {place: text})
    arrange("imagenet", str(source), str(to))
    assert found(to) == ALL_OF_TWO


@pytest.mark.parametrize(
    "place", [".", "data", "../ILSVRC2012_devkit_t12/data", "ILSVRC2012_devkit_t12/data"]
)
def test_the_development_kit_numbers_the_classes_of_the_images_in_order(download, place):
    source, to = download
    imagenet(source)
    development_kit(source / place)
    arrange("imagenet", str(source), str(to))
    assert found(to) == ALL_OF_TWO


@pytest.mark.parametrize("inside", ["", "ILSVRC/Data/CLS-LOC"], ids=["top", "images"])
def test_kaggles_tree_is_given_by_its_top_or_by_its_images(download, inside):
    source, to = download
    imagenet(source / "ILSVRC/Data/CLS-LOC")
    write(source, {"LOC_val_solution.csv": KAGGLE_LIST})
    arrange("imagenet", str(source / inside), str(to))
    assert found(to) == ALL_OF_TWO


@pytest.mark.parametrize("layout", DOWNLOADS)
def test_another_list_can_be_named(download, layout, tmp_path):
    source, to = download
    DOWNLOADS[layout](source)
    usual = [*source.rglob("val_annotations.txt"), *source.rglob("places365_val.txt")]
    text = usual[0].read_text() if usual else f"v1 {FISH}\nv2 {DOG}\nv3 {FISH}\n"
    write(source, {str(path.relative_to(source)): "damaged" for path in usual})
    (tmp_path / "mine").write_text(text)
    arrange(layout, str(source), str(to), str(tmp_path / "mine"))
    assert found(to) == (PLACES if layout == "places365" else ALL_OF_TWO)


@pytest.mark.parametrize(
    ("data", "val", "lists"),
    [
        ("data_large", "val_large", "."),
        ("data_256_standard", "val_256", ".."),
        ("data_256", "val_256", "filelist_places365-standard"),
        ("data_large_standard", "val_large", "../filelist_places365-standard"),
    ],
)
def test_places365_has_large_and_small_images_and_lists_here_or_there(download, data, val, lists):
    source, to = download
    places365(source, data, val, lists)
    arrange("places365", str(source), str(to))
    assert found(to) == PLACES


# Names

NAMES = st.binary(min_size=1, max_size=8).filter(
    lambda name: name not in (b".", b"..") and not set(name) & set(b"/\0\t\n\r")
)


@given(st.dictionaries(NAMES, st.sets(NAMES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_every_image_comes_into_the_folder_of_its_class_whatever_their_names(labels):
    """Names that are not UTF-8, or have blanks, quotes or code in them, are only names."""
    expected = {
        os.fsdecode(name): {os.fsdecode(b"%d%s.png" % (number, file)) for file in files}
        for number, (name, files) in enumerate(labels.items())
    }
    rows = [f"{file}\t{name}\t0\t0\t1\t1\n" for name in expected for file in expected[name]]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        write(root, images(*(f"train/{name}/images/1.png" for name in expected)))
        write(root / "val/images", images(*set().union(*expected.values())))
        write(root, {"val/val_annotations.txt": "".join(rows)})
        arrange("tiny-imagenet", place, f"{place}/arranged")
        train = {name: {"1.png"} for name in expected}
        assert found(root / "arranged") == {"train": train, "val": expected}


def test_images_are_told_by_the_suffixes_that_the_pipeline_reads(download):
    source, to = download
    tiny(source)
    shutil.rmtree(source / f"train/{FISH}/images")
    write(source / f"train/{FISH}/images", images("Thumbs.db", "notes.txt"))
    for suffix in class_folders.SUFFIXES:
        Image.new("RGB", (8, 8)).save(source / f"train/{FISH}/images/1{suffix}")
    for path in [*source.rglob("v*.JPEG"), source / f"train/{DOG}/images/c.JPEG"]:
        Image.new("RGB", (8, 8)).save(path)
    arrange("tiny-imagenet", str(source), str(to))
    assert len(datasets.load(dataset(), to, "train").labels) == len(class_folders.SUFFIXES) + 1


# What the pipeline makes of it


def dataset(**changes):
    settings = {"name": "tiny", "format": "folder", "classes": 2, "test": "val", "image_size": 8}
    return Dataset(**{**settings, "mean": GREY, "std": GREY, **changes})


@pytest.mark.parametrize("streamed", [False, True], ids=["decoded", "streamed"])
def test_the_pipeline_reads_what_the_command_made_by_the_words_it_printed(
    download, streamed, capsys
):
    source, to = download
    tiny(source)
    grey = {"a": 10, "b": 20, "c": 30, "v1": 40, "v2": 50, "v3": 60}
    for path in source.rglob("*.JPEG"):
        Image.new("L", (8, 8), grey.get(path.stem, 0)).save(path)
    arrange("tiny-imagenet", str(source), str(to))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"{to}: 2 classes, 3 train and 3 val images ({source}/val/val_annotations.txt)",
        f"datasets.tiny-imagenet: {{format: folder, root: {to}, test: val, classes: 2, "
        "train_images: 3}",
    ]
    words = yaml.safe_load(said[1].partition(" ")[2])
    root = words.pop("root")
    entry = dataset(streamed=streamed, **words)
    train, test = (datasets.load(entry, root, split) for split in ("train", "test"))
    assert train.labels.tolist() == [0, 0, 1]
    assert test.labels.tolist() == [0, 0, 1]
    if streamed:
        assert test.names == [f"val/{FISH}/v1.JPEG", f"val/{FISH}/v3.JPEG", f"val/{DOG}/v2.JPEG"]
    else:
        assert train.pixels[:, 0, 0, 0].tolist() == [10, 20, 30]
        assert test.pixels[:, 0, 0, 0].tolist() == [40, 60, 50]


def test_a_place_that_yaml_would_misread_is_quoted(download, capsys):
    source, to = download
    tiny(source)
    to = to.parent / "a, b: {c} #1"
    arrange("tiny-imagenet", str(source), str(to))
    line = capsys.readouterr().err.splitlines()[1]
    assert yaml.safe_load(line.partition(": ")[2])["root"] == str(to)


# Mistakes: each in one line, and nothing is made


def complaint(layout, source, to, listed=None):
    before = tree(source.parent)
    with pytest.raises(LotteryError) as error:
        arrange(layout, str(source), str(to), listed)
    assert tree(source.parent) == before
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"v1.JPEG\t{FISH}\t0\nv2.JPEG {DOG}\n",
            f", line 2: 'v2.JPEG {DOG}', expected FILE and CLASS, a tab between them",
        ),
        (
            f"v1.JPEG\t{FISH}\n\nv2.JPEG\t{DOG}\n",
            ", line 2: '', expected FILE and CLASS, a tab between them",
        ),
        (
            TINY_LIST + f"v4.JPEG\t{FISH}\n",
            ", line 4: 'v4.JPEG', expected the name of an image in {source}/val/images",
        ),
        (
            TINY_LIST + f"../../train/{FISH}/images/a.JPEG\t{FISH}\n",
            f", line 4: '../../train/{FISH}/images/a.JPEG', expected the name of an image in "
            "{source}/val/images",
        ),
        (
            TINY_LIST + f"v1\t{FISH}\n",
            ", line 4: 'v1' as in line 1, expected each image once",
        ),
        (
            TINY_LIST.replace(DOG, "../n1"),
            ", line 2: class '../n1', expected one of the 2 classes that have training images",
        ),
        (
            TINY_LIST.replace(DOG, FISH),
            f": no image of classes that are trained on: '{DOG}'",
        ),
        (
            "x" * 1000,
            f", line 1: '{'x' * 80}...', expected FILE and CLASS, a tab between them",
        ),
        ("\n\n", ": an empty list"),
    ],
    ids=[
        "form",
        "blank",
        "absent",
        "elsewhere",
        "twice",
        "class",
        "no image of a class",
        "long",
        "empty",
    ],
)
def test_a_list_that_does_not_fit_is_told_by_its_line(download, text, words):
    source, to = download
    tiny(source)
    write(source, {"val/val_annotations.txt": text})
    words = words.replace("{source}", str(source))
    assert complaint("tiny-imagenet", source, to) == f"{source}/val/val_annotations.txt{words}"


def test_images_that_the_list_lacks_are_named(download):
    source, to = download
    tiny(source)
    write(source, images(*(f"val/images/x{number}.JPEG" for number in range(7))))
    assert complaint("tiny-imagenet", source, to) == (
        f"{source}/val/images: images that {source}/val/val_annotations.txt does not list: "
        "'x0.JPEG', 'x1.JPEG', 'x2.JPEG', 'x3.JPEG', 'x4.JPEG' and 2 more"
    )


TINY = "expected train/CLASS/images/*.JPEG, val/images/*.JPEG and val/val_annotations.txt"


@pytest.mark.parametrize(
    ("removed", "words"),
    [
        ("train", f"/train: no such folder, {TINY}"),
        (f"train/{DOG}/images", f"/train/{DOG}/images: no such folder, {TINY}"),
        (f"train/{DOG}/images/c.JPEG", f"/train/{DOG}/images: no images"),
        ("val/images", f"/val/images: no such folder, {TINY}"),
        (
            "val/val_annotations.txt",
            "/val/val_annotations.txt: no such file; another list is named by --list",
        ),
    ],
)
def test_what_a_download_lacks_is_told(download, removed, words):
    source, to = download
    tiny(source)
    shutil.move(source / removed, source.parent / "removed")
    assert complaint("tiny-imagenet", source, to) == f"{source}{words}"


@pytest.mark.parametrize(
    ("place", "target"),
    [("val/images/v2.JPEG", "nowhere"), (f"train/{DOG}/images/c.JPEG", ".")],
    ids=["a link to nothing", "a folder"],
)
def test_what_is_named_as_an_image_and_is_no_file_is_told(download, place, target):
    source, to = download
    tiny(source)
    (source / place).unlink()
    (source / place).symlink_to(target)
    words = f"{source}/{place}: not a file, expected an image"
    assert complaint("tiny-imagenet", source, to) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"v1,{FISH} 1 2 3 4\n",
            f", line 1: 'v1,{FISH} 1 2 3 4', expected FILE CLASS, the header "
            "ImageId,PredictionString or the number of a class",
        ),
        (f"v1 {FISH}\nv2\n", ", line 2: 'v2', expected FILE CLASS"),
        (
            f"ImageId,PredictionString\nv1,{FISH} 1 2 3\n",
            f", line 2: 'v1,{FISH} 1 2 3', expected IMAGE,CLASS x y x y",
        ),
        (
            f"ImageId,PredictionString\nv1,{FISH} 1 2 3 4 {DOG} 1 2 3 4\n",
            f", line 2: 'v1,{FISH} 1 2 3 4 {DOG} 1 2 3 4', expected IMAGE,CLASS x y x y",
        ),
        (  # as Caffe has it
            "v1.JPEG 0\nv2.JPEG 217\nv3.JPEG 0\n",
            ", line 1: class '0', expected one of the 2 classes that have training images",
        ),
    ],
    ids=["no header", "one word", "half a box", "two classes", "numbers"],
)
def test_a_list_of_imagenet_in_another_form_is_refused(download, text, words):
    source, to = download
    imagenet(source)
    write(source, {"mine": text})
    assert complaint("imagenet", source, to, str(source / "mine")) == f"{source}/mine{words}"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            "1\n3\n2\n",
            ", line 2: '3', expected the number of one of the 2 classes in {data}/meta.mat",
        ),
        (
            "1\n1001\n2\n",
            ", line 2: '1001', expected the number of one of the 2 classes in {data}/meta.mat",
        ),
        (
            "1\none\n2\n",
            ", line 2: 'one', expected the number of one of the 2 classes in {data}/meta.mat",
        ),
        ("1\n2\n", ": 2 lines for 3 images, expected one line for each"),
    ],
    ids=["unknown", "no class", "no number", "too few"],
)
def test_numbers_of_the_development_kit_that_do_not_fit_are_told(download, numbers, words):
    source, to = download
    imagenet(source)
    development_kit(source / "data", numbers)
    words = words.replace("{data}", f"{source}/data")
    expected = f"{source}/data/ILSVRC2012_validation_ground_truth.txt{words}"
    assert complaint("imagenet", source, to) == expected


def test_a_development_kit_without_its_names_is_told(download):
    source, to = download
    imagenet(source)
    development_kit(source)
    meta = source / "meta.mat"
    meta.write_bytes(b"damaged")
    assert complaint("imagenet", source, to).startswith(
        f"{meta}: not that of the development kit: "
    )
    savemat(meta, {"other": 1})
    words = f"{meta}: not that of the development kit: KeyError('synsets')"
    assert complaint("imagenet", source, to) == words
    meta.unlink()
    words = f"{meta}: not there, expected that of the development kit"
    assert complaint("imagenet", source, to) == words


def test_the_places_and_names_of_lists_that_were_looked_for_are_told(download):
    source, to = download
    imagenet(source)
    assert complaint("imagenet", source, to) == (
        "no list LOC_val_solution.csv or ILSVRC2012_validation_ground_truth.txt or "
        "data/ILSVRC2012_validation_ground_truth.txt or "
        "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt or val.txt "
        f"in {source}, {source}/val, {source.parent}; name yours by --list"
    )


@pytest.mark.parametrize("layout", ["imagenet", "places365"])
def test_a_download_in_class_folders_needs_no_arranging(download, layout):
    source, to = download
    write(source, images(f"train/{FISH}/a.JPEG", f"val/{FISH}/v1.JPEG"))
    assert complaint(layout, source, to) == (
        f"{source}: nothing to arrange, its images are in class folders already: set it as `root`"
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "categories_places365.txt",
            "/a/airfield 0\n/c/../indoor 91\n",
            ", line 2: '/c/../indoor 91', expected /LETTER/NAME NUMBER",
        ),
        (
            "categories_places365.txt",
            "airfield 0\n",
            ", line 1: 'airfield 0', expected /LETTER/NAME NUMBER",
        ),
        (
            "categories_places365.txt",
            "/a/airfield 0\n/c/church/indoor 0\n",
            ", line 2: 0 as in line 1, expected each number and name once",
        ),
        (
            "categories_places365.txt",
            "/c/church/indoor 0\n/c/church-indoor 1\n",
            ", line 2: 'church-indoor' as in line 1, expected each number and name once",
        ),
        (
            "categories_places365.txt",
            "/a/airfield 0\n/b/beach 1\n",
            ", line 2: no images in {source}/data_256/b/beach, expected some of each class",
        ),
        (
            "places365_val.txt",
            "v1.jpg 91\nv2.jpg 7\nv3.jpg 91\n",
            ", line 2: class '7', expected a number that {source}/categories_places365.txt has",
        ),
        ("places365_val.txt", "v1.jpg\n", ", line 1: 'v1.jpg', expected FILE CLASS"),
    ],
    ids=["path", "form", "number twice", "name twice", "no images", "class", "of test images"],
)
def test_a_list_of_places365_that_does_not_fit_is_told_by_its_line(download, name, text, words):
    source, to = download
    places365(source)
    write(source, {name: text})
    words = words.replace("{source}", str(source))
    assert complaint("places365", source, to) == f"{source}/{name}{words}"


def test_folders_of_places365_that_are_no_category_are_named(download):
    source, to = download
    places365(source)
    write(source, images("data_256/c/church/outdoor/1.jpg", "data_256/z/zoo/1.jpg"))
    assert complaint("places365", source, to) == (
        f"{source}/data_256: images in folders that {source}/categories_places365.txt lacks: "
        "'c/church/outdoor', 'z/zoo'"
    )


def test_places365_without_images_or_names_is_told(download):
    source, to = download
    places365(source)
    (source / "categories_places365.txt").unlink()
    above = source.parent
    assert complaint("places365", source, to) == (
        f"no list categories_places365.txt in {source}, {source}/filelist_places365-standard, "
        f"{above}, {above}/filelist_places365-standard"
    )
    (source / "val_256").rename(source / "val_large")
    assert complaint("places365", source, to) == (
        f"{source}: no images, expected the folders data_256 and val_256 or data_256_standard and "
        "val_256 or data_large and val_large or data_large_standard and val_large"
    )


# Whole or not at all


def test_an_empty_folder_is_filled_and_another_is_left_alone(download):
    source, to = download
    tiny(source)
    to.mkdir(parents=True)
    arrange("tiny-imagenet", str(source), str(to))
    assert found(to) == ALL_OF_TWO
    assert names(to.parent) == {to.name}
    words = f"{to}: not empty, expected a new folder or an empty one"
    assert complaint("tiny-imagenet", source, to) == words
    file = to.parent / "file"
    file.touch()
    words = f"{file}: no folder, expected a new one or an empty one"
    assert complaint("tiny-imagenet", source, file) == words


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(143), OSError(28, "Disk full")])
@pytest.mark.parametrize("links", [0, 1, 3])
def test_nothing_remains_of_work_that_is_interrupted(download, monkeypatch, stop, links):
    source, to = download
    tiny(source)
    made = []
    link = Path.symlink_to

    def symlink_to(self, target):
        if len(made) == links:
            raise stop
        made.append(target)
        link(self, target)

    monkeypatch.setattr(Path, "symlink_to", symlink_to)
    with pytest.raises((LotteryError, KeyboardInterrupt, SystemExit)) as error:
        arrange("tiny-imagenet", str(source), str(to))
    assert names(to.parent) == set()
    if isinstance(stop, OSError):
        assert str(error.value) == f"{to}: no links can be made: Disk full"


def test_what_a_killed_run_left_is_removed_and_what_it_links_to_is_not(download):
    source, to = download
    tiny(source)
    left = to.parent / ".here.4711.arrange/train"
    left.mkdir(parents=True)
    (left / FISH).symlink_to(source / f"train/{FISH}/images")
    arrange("tiny-imagenet", str(source), str(to))
    assert names(to.parent) == {to.name}
    assert found(to) == ALL_OF_TWO


# The command


def command(*words):
    code = (
        "import sys; from lottery.__main__ import main; status = main(sys.argv[1:]); "
        "assert not {'torch', 'numpy', 'PIL'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "arrange", *words],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stderr.decode().splitlines()


def test_the_command_imports_nothing_heavy(download):
    source, to = download
    tiny(source)
    status, said = command("tiny-imagenet", source, to)
    assert (status, len(said)) == (0, 3)
    assert found(to) == ALL_OF_TWO
    assert command("tiny-imagenet", source, to) == (
        1,
        [f"lottery arrange: error: {to}: not empty, expected a new folder or an empty one"],
    )
    assert command("tiny-imagenet", source, f"{to}2", "--list=nowhere") == (
        1,
        ["lottery arrange: error: nowhere: No such file or directory"],
    )


def test_the_command_takes_places_that_are_not_utf8(tmp_path):
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/down\xff"))
    to = Path(os.fsdecode(os.fsencode(tmp_path) + b"/arr\xfe"))
    tiny(source)
    status, said = command("tiny-imagenet", source, to)
    assert status == 0
    assert found(to) == ALL_OF_TWO
    assert Path(yaml.safe_load(said[1].partition(": ")[2])["root"]) == to
