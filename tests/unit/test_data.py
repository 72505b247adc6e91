"""Images, their order, subsets and augmentation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lottery import seeds
from lottery.data import augment, datasets, subsets
from lottery.data.batches import Batches
from lottery.data.datasets import Images
from lottery.errors import LotteryError
from lottery.specs import Augmentation, Dataset, Subset


def numbered(count):
    """Images whose label is their own index."""
    return Images(torch.zeros((count, 3, 8, 8), dtype=torch.uint8), torch.arange(count))


@given(st.integers(2, 70), st.integers(2, 20), st.integers(0, 3))
def test_an_epoch_sees_every_image_exactly_once(count, batch_size, seed):
    batches = Batches(numbered(count), batch_size, seed)
    seen = [labels for _, labels in batches.epoch(0)]
    assert sorted(torch.cat(seen).tolist()) == list(range(count))
    assert [len(labels) for labels in seen] == batches.sizes
    assert len(seen) == len(batches)
    assert min(batches.sizes) > 1, "batch normalisation cannot train on one sample"


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return torch.cat([labels for _, labels in Batches(numbered(50), 8, seed).epoch(epoch)])

    assert torch.equal(order(0, 1), order(0, 1))
    assert not torch.equal(order(0, 1), order(0, 2))
    assert not torch.equal(order(0, 1), order(1, 1))


LABELS = torch.tensor([0] * 40 + [1] * 20 + [2] * 10 + [3] * 30)


@given(st.sampled_from([0.1, 0.3, 0.5, 5]), st.integers(0, 5))
def test_a_share_of_the_images_is_drawn_from_each_class(share, seed):
    drawn = subsets.draw(LABELS, Subset(images=share), seed)
    counts = torch.bincount(LABELS[drawn], minlength=4).tolist()
    sizes = [40, 20, 10, 30]
    assert counts == [share if isinstance(share, int) else round(share * size) for size in sizes]
    assert torch.equal(drawn, drawn.unique()), "increasing and without repetition"
    assert torch.equal(drawn, subsets.draw(LABELS, Subset(images=share), seed))


@given(st.sampled_from([0.5, 0.75, 2, 3]), st.integers(0, 5))
def test_a_share_of_the_classes_keeps_all_their_images(share, seed):
    drawn = subsets.draw(LABELS, Subset(classes=share), seed)
    classes = LABELS[drawn].unique()
    assert len(classes) == (share if isinstance(share, int) else round(share * 4))
    assert len(drawn) == int(torch.isin(LABELS, classes).sum())


def test_another_seed_draws_another_subset():
    draws = {tuple(subsets.draw(LABELS, Subset(images=0.5), seed).tolist()) for seed in range(4)}
    assert len(draws) == 4


@pytest.mark.parametrize(
    ("subset", "words"),
    [
        (Subset(images=0.01), "images of class 0"),
        (Subset(images=11), "11 of 10 images of class 2"),
        (Subset(classes=0.3), "is 1, must be between 2 and 4"),
        (Subset(classes=5), "5 of 4 classes"),
    ],
)
def test_a_subset_that_cannot_be_drawn_says_why(subset, words):
    with pytest.raises(LotteryError, match=words):
        subsets.draw(LABELS, subset, 0)


def test_digits_are_divided_once_for_all_seeds(digits):
    train, test = (datasets.load(digits, None, split) for split in ("train", "test"))
    assert len(train.labels) + len(test.labels) == 1797
    assert torch.bincount(test.labels).min() >= 43
    both = {image.numpy().tobytes() for image in train.pixels}
    assert not any(image.numpy().tobytes() in both for image in test.pixels)


def test_crops_are_windows_of_the_padded_image():
    pixels = torch.arange(1, 65, dtype=torch.uint8).view(1, 1, 8, 8).repeat(64, 3, 1, 1)
    cropped = augment.random_crop(pixels, 2, seeds.generator(0, "test"), 8)
    padded = torch.nn.functional.pad(pixels[0], (2, 2, 2, 2))
    windows = {
        padded[:, top : top + 8, left : left + 8].numpy().tobytes()
        for top in range(5)
        for left in range(5)
    }
    found = {image.contiguous().numpy().tobytes() for image in cropped}
    assert found <= windows
    assert len(found) > 15, "each image is cropped on its own"


def test_flips_mirror_about_half_of_the_images():
    pixels = torch.arange(8, dtype=torch.uint8).expand(1000, 3, 8, 8)
    flipped = augment.random_flip(pixels, seeds.generator(0, "test"))
    same = (flipped == pixels).flatten(1).all(1)
    mirrored = (flipped == pixels.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 430 < int(mirrored.sum()) < 570


def test_no_augmentation_is_the_identity():
    pixels = torch.randint(256, (4, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(augment.augment(pixels, Augmentation(), seeds.generator(0, "x"), 8), pixels)


@pytest.fixture
def folder(tmp_path):
    """Two classes, in every kind of file that an image folder may hold."""
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for label, name in enumerate(("cat", "dog")):
            place = tmp_path / split / name
            place.mkdir(parents=True)
            for index, shape in enumerate([(32, 32, 3), (40, 64, 3), (48, 32)]):
                pixels = rng.integers(0, 256, shape, dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{index}.{'png' if label else 'jpg'}")
    return tmp_path


def folder_of(**changes):
    settings = {"name": "pets", "format": "folder", "classes": 2, "image_size": 32}
    colour = (0.5, 0.5, 0.5)
    return Dataset(**{**settings, "mean": colour, "std": colour, **changes})


def test_an_image_folder_is_read_in_rgb_at_one_size(folder):
    images = datasets.load(folder_of(), folder, "train")
    assert images.pixels.shape == (6, 3, 32, 32)
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 1]
    original = np.array(Image.open(folder / "train/dog/0.png"))
    assert np.array_equal(images.pixels[3].permute(1, 2, 0).numpy(), original)
    grey = images.pixels[5]
    assert torch.equal(grey[0], grey[1])
    assert torch.equal(grey[0], grey[2])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": 3}, r"pets.classes: 3 in the config, 2 among the train images"),
        ({"train": "training"}, "no folder .*training"),
    ],
)
def test_a_folder_that_is_not_what_the_config_says(folder, changes, words):
    with pytest.raises(LotteryError, match=words):
        datasets.load(folder_of(**changes), folder, "train")


def test_a_corrupt_image_is_named(folder):
    (folder / "train/cat/0.jpg").write_bytes(b"\xff\xd8 not an image")
    with pytest.raises(LotteryError, match=r"train/cat/0\.jpg: not a readable image"):
        datasets.load(folder_of(), folder, "train")


def test_an_empty_class_is_named(folder):
    (folder / "train/eel").mkdir()
    with pytest.raises(LotteryError, match=r"no images in .*eel"):
        datasets.load(folder_of(), folder, "train")


def test_a_missing_data_set_is_named(tmp_path):
    cifar = folder_of(name="cifar10", format="cifar10", classes=10)
    with pytest.raises(LotteryError, match=r"datasets.cifar10: no folder .*nowhere"):
        datasets.load(cifar, tmp_path / "nowhere", "train")
    with pytest.raises(LotteryError, match=r"datasets.cifar10: .*[Dd]ataset not found"):
        datasets.load(cifar, tmp_path, "train")
