"""Streamed images: every loader gives the same crops of the same images in the same order."""

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import RandomResizedCrop

from lottery import models, seeds, tasks
from lottery.data import datasets, loaders
from lottery.data.batches import Batches, in_order
from lottery.data.boxes import centre_boxes, in_pixels, random_boxes
from lottery.data.datasets import Listing
from lottery.data.loaders import Crops
from lottery.errors import LotteryError
from lottery.specs import Architecture, Augmentation
from lottery.training.measure import measure
from tests.conftest import CPU, folder_of, recipe, streamed

LOADERS = ("dali", "torchvision")
CROPS = Augmentation(resized_crop=0.08, flip=True)


def views(source, how=CROPS, crops=1, first=0, epochs=1):
    """All views of some epochs, (N, crops, 3, 24, 24)."""
    batches = Batches(source.labels, 16, seed=0)
    wanted = batches.micro_batches(first, epochs * len(batches))
    found = source.views(wanted, how, crops, 0, "augmentation")
    return torch.cat([torch.stack([view() for _ in range(crops)], 1) for _, view in found])


@pytest.mark.parametrize("how", [CROPS, Augmentation(), Augmentation(rotation=10, hue=0.1)])
@pytest.mark.parametrize("crops", [1, 2])
def test_the_loaders_agree(photographs, how, crops):
    """They differ in their decoders' rounding, by a level or so of 256; never in what is seen."""
    ours, theirs = (views(streamed(photographs, name), how, crops).float() for name in LOADERS)
    assert ours.shape == theirs.shape == (88, crops, 3, 24, 24)
    difference = (ours - theirs).abs().mean(dim=(1, 2, 3, 4))
    assert difference.max() < 3
    assert difference.mean() < 1
    between = (ours - theirs.roll(1, 0)).abs().mean(dim=(1, 2, 3, 4))
    assert between.mean() > 20, "another image would be seen"


@pytest.mark.parametrize("name", LOADERS)
def test_two_views_of_an_image_are_two_crops_of_it(photographs, name):
    both = views(streamed(photographs, name), CROPS, 2).float()
    assert (both[:, 0] - both[:, 1]).abs().mean(dim=(1, 2, 3)).min() > 0.5


@pytest.mark.parametrize("name", LOADERS)
def test_a_stream_can_start_anywhere(photographs, name):
    """So nothing of a loader has to be saved."""
    source = streamed(photographs, name, workers=2)
    assert torch.equal(views(source, epochs=2)[-24:], views(source, epochs=2, first=10))


@pytest.mark.parametrize("name", LOADERS)
def test_a_crop_is_the_box_of_the_image(photographs, name):
    """Held against Pillow, on the boxes that are drawn for them."""
    listing = datasets.load(folder_of(), photographs, "train")
    shares = random_boxes(listing.aspects(torch.arange(88)), 0.08, seeds.generator(0, "test"))
    boxes = in_pixels(shares, listing.sizes[:, :2])
    paths = [photographs / file for file in listing.names]
    load, _ = loaders.choose(name, 1)
    (found,) = load(iter([Crops(paths, boxes, [False] * 88)]), len(paths), 24, CPU)
    for path, box, pixels in zip(paths, boxes.tolist(), found, strict=True):
        image = Image.open(path).convert("RGB")
        left, top, wide, high = box
        pixel = (left, top, left + wide, top + high)
        expected = np.asarray(image.resize((24, 24), Image.Resampling.BILINEAR, box=pixel))
        difference = np.abs(expected.astype(float) - pixels.permute(1, 2, 0).numpy())
        assert difference.mean() < 2, path


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.9])
@pytest.mark.parametrize("least", [0.08, 0.35])
def test_random_boxes_are_distributed_as_torchvisions(aspect, least):
    count = 1500
    boxes = random_boxes(torch.full((count,), aspect), least, seeds.generator(0, "test"))
    assert (boxes >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 1 + 1e-6).all()
    torch.manual_seed(0)
    image = torch.empty(3, 1000, round(1000 * aspect))
    drawn = [RandomResizedCrop.get_params(image, [least, 1], [3 / 4, 4 / 3]) for _ in range(count)]
    top, left, high, wide = torch.tensor(drawn).float().T
    size = torch.tensor([1000 * aspect, 1000.0])
    theirs = torch.stack([left, top, wide, high], 1) / torch.cat([size, size])
    for summary in (torch.mean, torch.std):
        ours, expected = summary(boxes, dim=0), summary(theirs, dim=0)
        assert (ours - expected).abs().max() < 0.03
    ratios = boxes[:, 2] / boxes[:, 3] * aspect
    assert ratios.min() > 3 / 4 - 1e-4
    assert ratios.max() < 4 / 3 + 1e-4


@given(
    st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4),
    st.integers(1, 500),
    st.integers(1, 500),
)
def test_a_box_in_pixels_is_in_the_image_and_has_one_at_least(shares, width, height):
    left, top, wide, high = shares
    share = torch.tensor([[left, top, wide * (1 - left), high * (1 - top)]])
    ((x, y, w, h),) = in_pixels(share, torch.tensor([[width, height]])).tolist()
    assert x >= 0
    assert y >= 0
    assert 1 <= w <= width - x
    assert 1 <= h <= height - y
    assert abs(x - left * width) <= 1
    assert abs(w - share[0, 2] * width) <= 1.01


def test_tests_see_the_middle_of_the_image():
    """As by scaling the shorter side to 256 pixels and cropping 224 from the middle."""
    (wide, high) = centre_boxes(torch.tensor([2.0, 0.5]), 224 / 256)
    assert wide.tolist() == pytest.approx([0.28125, 0.0625, 0.4375, 0.875])
    assert high.tolist() == pytest.approx([0.0625, 0.28125, 0.875, 0.4375])


@pytest.mark.parametrize("name", LOADERS)
def test_testing_sees_every_streamed_image_once(photographs, name):
    source = streamed(photographs, name, "test", dataset=folder_of(image_size=128, stored_size=128))
    model = models.build(Architecture(model="resnet", depth=18, width=8), 2, 0, "init")
    measured = measure(model, tasks.make("labels", recipe()), source, Augmentation(), seed=0)
    assert measured["examples"] == 22  # in one batch of 64: the last is smaller


@given(st.integers(2, 300), st.integers(1, 64), st.integers(1, 5))
def test_processes_divide_the_test_images_without_loss_or_repetition(count, size, world):
    labels = torch.arange(count)
    seen = [p for rank in range(world) for p in in_order(labels, size, rank, world).each]
    assert sorted(torch.cat([p.indices for p in seen]).tolist()) == list(range(count))
    assert sum(p.weight for p in seen) == pytest.approx(1)


@given(st.integers(2, 300), st.integers(2, 64), st.integers(1, 5), st.integers(0, 3))
def test_a_drawn_order_is_divided_the_same_whatever_the_processes(count, size, world, seed):
    """The same micro-batches, none of a single image: what is compared in them is the same."""
    labels = torch.arange(count)
    alone = in_order(labels, size, seed=seed)
    shared = [p for rank in range(world) for p in in_order(labels, size, rank, world, seed).each]
    micro_batches = list(alone.each)
    for one, other in zip(micro_batches, sorted(shared, key=lambda p: p.number), strict=True):
        assert one.number == other.number
        assert torch.equal(one.indices, other.indices)
    assert sorted(torch.cat([p.indices for p in micro_batches]).tolist()) == list(range(count))
    assert min(len(p.indices) for p in micro_batches) >= 2
    assert max(len(p.indices) for p in micro_batches) == alone.largest


@pytest.mark.parametrize("name", LOADERS)
def test_an_image_damaged_since_it_was_listed_is_named(photographs, tmp_path, name):
    shutil.copytree(photographs, tmp_path / "copy")
    source = streamed(tmp_path / "copy", name)
    victim = tmp_path / "copy/train/china/7.jpg"
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    with pytest.raises(LotteryError, match=r"china/7\.jpg: not a readable image: .*truncated"):
        views(source)


def test_a_listing_is_identified_by_names_sizes_and_labels(photographs):
    listing = datasets.load(folder_of(), photographs, "train")
    assert isinstance(listing, Listing)
    assert listing.names[:2] == ["train/china/0.jpg", "train/china/1.png"]
    with Image.open(photographs / listing.names[5]) as image:
        bytes_there = (photographs / listing.names[5]).stat().st_size
        assert listing.sizes[5].tolist() == [*image.size, bytes_there]
    digest = listing.digest()
    assert digest == datasets.load(folder_of(), photographs, "train").digest()
    assert digest != listing.select(torch.arange(87)).digest()
    assert digest != listing._replace(labels=listing.labels.flip(0)).digest()


def test_a_loader_that_is_not_there_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(loaders, "find_spec", lambda name: None)
    assert loaders.choose("auto", 1)[1] == "torchvision"
    with pytest.raises(LotteryError, match="loader: dali: the package nvidia-dali is not"):
        loaders.choose("dali", 1)
