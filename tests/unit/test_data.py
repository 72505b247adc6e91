"""Images, their order, subsets and augmentation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lottery import seeds
from lottery.data import augment, datasets, subsets
from lottery.data.batches import UNLABELLED, Batches
from lottery.errors import LotteryError
from lottery.specs import Augmentation, Dataset, Subset, batch_sizes

pytestmark = pytest.mark.numbers


@given(st.integers(2, 70), st.integers(2, 20), st.integers(0, 3))
def test_an_epoch_sees_every_image_exactly_once(count, batch_size, seed):
    batches = Batches(torch.arange(count), batch_size, seed)
    seen = [each.indices for each in batches.micro_batches(0, len(batches)).each]
    assert sorted(torch.cat(seen).tolist()) == list(range(count))
    assert [len(indices) for indices in seen] == batches.sizes
    assert min(batches.sizes) > 1, "batch normalisation cannot train on one sample"


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        batches = Batches(torch.arange(50), 8, seed)
        first = epoch * len(batches)
        epoch = batches.micro_batches(first, first + len(batches)).each
        return torch.cat([micro_batch.labels for micro_batch in epoch])

    assert torch.equal(order(0, 1), order(0, 1))
    assert not torch.equal(order(0, 1), order(0, 2))
    assert not torch.equal(order(0, 1), order(1, 1))


def test_a_single_left_over_image_joins_the_batch_before_it():
    assert batch_sizes(129, 64) == [64, 65]
    assert batch_sizes(130, 64) == [64, 64, 2]
    assert batch_sizes(128, 64) == [64, 64]
    assert batch_sizes(3, 64) == [3]
    assert batch_sizes(129, 128, hides_labels=True) == [128, 130]


def few_labels(known, count):
    """Every so many images have a label: which is their number."""
    labels = torch.full((count,), UNLABELLED)
    places = torch.arange(known) * count // known
    labels[places] = places
    return labels


def halves(labels, batch_size, first, last, seed=0):
    """The images with and without a label, by update."""
    batches = Batches(labels, batch_size, seed, hidden=True)
    for micro_batch in batches.micro_batches(first, last).each:
        known, hidden = micro_batch.indices.chunk(2)
        expected = torch.cat([known, torch.full_like(hidden, UNLABELLED)])
        assert torch.equal(micro_batch.labels, expected)
        yield known.tolist(), hidden.tolist()


@given(st.integers(2, 40), st.integers(0, 60), st.integers(4, 24), st.integers(0, 3))
def test_a_semi_supervised_epoch_sees_every_label_exactly_once(known, others, batch_size, seed):
    labels = few_labels(known, known + others)
    batches = Batches(labels, batch_size, seed, hidden=True)
    assert sum(batches.sizes) == 2 * known
    epochs = []
    for epoch in range(3):
        first = epoch * len(batches)
        drawn = list(halves(labels, batch_size, first, first + len(batches), seed))
        assert [len(a) + len(b) for a, b in drawn] == batches.sizes
        epochs.append([image for a, _ in drawn for image in a])
        assert sorted(epochs[-1]) == sorted(labels[labels != UNLABELLED].tolist())
    assert known < 9 or epochs[0] != epochs[1], "in another order each time"


def test_semi_supervised_updates_are_counted_as_in_s4l():
    """128 k of 1.28 M images are labelled: 500 updates of 256 and 256 images, 16 on each GPU."""
    batches = Batches(few_labels(128_000, 1_280_000), 2048 // 4, 0, 32, hidden=True)
    assert batches.sizes == [512] * 500
    assert batches.usual == batches.largest == 16


@given(st.integers(2, 30), st.integers(0, 60), st.integers(4, 24), st.integers(0, 3))
def test_unlabelled_images_are_each_seen_once_before_any_is_again(known, others, batch_size, seed):
    """A stream of all images, whose passes begin and end wherever in an epoch or a batch."""
    labels = few_labels(known, known + others)
    updates = 4 * len(Batches(labels, batch_size, seed, hidden=True)) * (known + others) // known
    stream = [i for _, b in halves(labels, batch_size, 0, updates, seed) for i in b]
    count = len(labels)
    passes = [stream[at : at + count] for at in range(0, len(stream) - count + 1, count)]
    assert len(passes) >= 3
    assert all(sorted(one) == list(range(count)) for one in passes)
    assert count < 9 or passes[0] != passes[1], "in another order each time"


def test_a_pass_of_the_stream_ends_within_a_batch():
    updates = [hidden for _, hidden in halves(few_labels(10, 13), 8, 0, 4)]
    assert [len(hidden) for hidden in updates] == [4, 4, 2, 4], "of an epoch, and of the next"
    stream = [image for hidden in updates for image in hidden]
    assert sorted(stream[:13]) == list(range(13))


@given(st.integers(2, 30), st.integers(0, 60), st.integers(4, 24), st.integers(0, 60))
def test_a_semi_supervised_training_can_start_at_any_update(known, others, batch_size, first):
    labels = few_labels(known, known + others)
    whole = list(halves(labels, batch_size, 0, first + 5))
    assert list(halves(labels, batch_size, first, first + 5)) == whole[first:]


def test_what_is_labelled_and_what_is_not_are_drawn_apart():
    """Another seed gives another of both; all images labelled is no special case."""
    labels = torch.arange(50)
    ((known, hidden), *_), ((other, others), *_) = (
        list(halves(labels, 20, 0, 5, seed)) for seed in (0, 1)
    )
    assert known != hidden
    assert known != other
    assert hidden != others


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
    pixels = torch.randint(1, 256, (64, 3, 8, 8), dtype=torch.uint8)
    cropped = augment.random_crop(pixels, 2, seeds.generator(0, "test"), 7)
    padded = torch.nn.functional.pad(pixels, (2, 2, 2, 2))
    corners = torch.randint(12 - 7 + 1, (2, 64), generator=seeds.generator(0, "test"))
    for image, crop, top, left in zip(padded, cropped, *corners.tolist(), strict=True):
        assert torch.equal(crop, image[:, top : top + 7, left : left + 7])
    assert len(set(zip(*corners.tolist(), strict=True))) > 15, "each image is cropped on its own"


def test_flips_mirror_about_half_of_the_images():
    pixels = torch.arange(8, dtype=torch.uint8).expand(1000, 3, 8, 8)
    flipped = augment.random_flip(pixels, seeds.generator(0, "test"))
    same = (flipped == pixels).flatten(1).all(1)
    mirrored = (flipped == pixels.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 430 < int(mirrored.sum()) < 570


def test_inputs_are_without_each_channels_mean_and_deviation():
    """To the bit, of pixels in any memory layout, which stay as they are."""
    mean, std = (0.1, 0.4, 0.7), (0.2, 0.3, 0.5)
    dataset = Dataset(name="x", format="digits", classes=10, image_size=9, mean=mean, std=std)
    pixels = torch.arange(256, dtype=torch.uint8).repeat(3)[: 2 * 3 * 8 * 9].view(2, 3, 8, 9)
    expected = (pixels.float() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(
        3, 1, 1
    )
    for layout in (torch.contiguous_format, torch.channels_last):
        given = pixels.contiguous(memory_format=layout)
        found = augment.normalise(given, dataset)
        assert torch.equal(found, expected)
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(given, pixels)


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
        (
            {"classes": 3},
            r"pets.classes: 3 in the config, 2 class folders in .*/train: 'cat', 'dog'",
        ),
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


def test_pixels_of_more_than_8_bits_are_refused_by_name(folder):
    Image.fromarray(np.full((32, 32), 1000, dtype=np.uint16)).save(folder / "train/dog/0.png")
    with pytest.raises(LotteryError, match=r"train/dog/0\.png: PNG of mode I;16 .*, expected 8"):
        datasets.load(folder_of(), folder, "train")


def test_a_data_set_of_another_size_is_refused(folder):
    assert len(datasets.load(folder_of(train_images=6), folder, "train").labels) == 6
    with pytest.raises(LotteryError, match="train_images: 7 in the config, 6 were found"):
        datasets.load(folder_of(train_images=7), folder, "train")


def test_a_smaller_data_set_has_the_first_images_of_each_class(folder):
    every = datasets.load(folder_of(), folder, "train")
    few = datasets.load(folder_of(train_per_class=2), folder, "train")
    assert few.labels.tolist() == [0, 0, 1, 1]
    assert torch.equal(few.pixels, every.pixels[[0, 1, 3, 4]])
    assert len(datasets.load(folder_of(train_per_class=2), folder, "test").labels) == 6


def test_images_too_many_for_the_memory_are_refused_before_any_is_decoded(folder):
    with pytest.raises(LotteryError, match=r"6 images of 500000 pixels need \d+ GiB of memory"):
        datasets.load(folder_of(stored_size=500_000), folder, "train")


@given(st.floats(0.05, 0.95), st.integers(0, 5))
def test_resized_crops_are_of_the_size_of_the_input(least, seed):
    pixels = torch.randint(256, (16, 3, 12, 12), dtype=torch.uint8)
    cropped = augment.random_resized_crop(pixels, least, seeds.generator(seed, "test"), 8)
    assert cropped.shape == (16, 3, 8, 8)
    assert cropped.dtype == torch.uint8


def test_resized_crops_show_the_asked_share_in_the_asked_shapes():
    """On a ramp, how fast the crop rises is how wide a part of the image it shows."""
    ramp = torch.arange(64.0).expand(64, 64)
    pixels = torch.stack([ramp, ramp.T, ramp]).to(torch.uint8).expand(4000, 3, 64, 64)
    cropped = augment.random_resized_crop(pixels, 0.25, seeds.generator(0, "test"), 32).float()
    width = (cropped[:, 0, :, -2] - cropped[:, 0, :, 1]).mean(1) / 29 / 2
    height = (cropped[:, 1, -2, :] - cropped[:, 1, 1, :]).mean(1) / 29 / 2
    area, ratio = width * height, width / height
    assert area.min() > 0.22
    assert area.max() <= 1.04
    assert 0.70 < ratio.min() < 0.80
    assert 1.25 < ratio.max() < 1.42
    from torchvision.transforms import RandomResizedCrop

    torch.manual_seed(0)
    reference = torch.tensor(
        [RandomResizedCrop.get_params(ramp[None], [0.25, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)]
    )
    expected = (reference[:, 2] * reference[:, 3]).float() / 64**2
    assert abs(area.mean() - expected.mean()) < 0.015
    assert abs(area.std() - expected.std()) < 0.015


def test_without_a_random_crop_the_centre_is_seen():
    pixels = torch.arange(12, dtype=torch.uint8).expand(2, 3, 12, 12)
    seen = augment.augment(pixels, Augmentation(), seeds.generator(0, "x"), 8)
    assert torch.equal(seen, pixels[:, :, 2:10, 2:10])


def test_an_empty_class_is_named(folder):
    (folder / "train/eel").mkdir()
    with pytest.raises(LotteryError, match=r"no images in .*eel"):
        datasets.load(folder_of(), folder, "train")


def test_a_missing_data_set_is_named(tmp_path):
    cifar = folder_of(name="cifar10", format="cifar10", classes=10)
    with pytest.raises(LotteryError, match=r"datasets.cifar10: no folder .*nowhere"):
        datasets.load(cifar, tmp_path / "nowhere", "train")
    with pytest.raises(LotteryError, match=r"datasets.cifar10: no folder .*cifar-10-batches-py"):
        datasets.load(cifar, tmp_path, "train")


def test_a_damaged_file_of_cifar10_is_named_with_the_remedy(tmp_path):
    cifar = folder_of(name="cifar10", format="cifar10", classes=10)
    place = tmp_path / "cifar-10-batches-py"
    place.mkdir()
    with pytest.raises(LotteryError, match=r"data_batch_1: missing: remove .* the same command"):
        datasets.load(cifar, tmp_path, "train")
    (place / "data_batch_1").write_bytes(b"half of it")
    with pytest.raises(LotteryError, match=r"data_batch_1: damaged \(another MD5\): remove"):
        datasets.load(cifar, tmp_path, "test")
