"""The colour noise of Zhai et al. (2019), which the recipes of 1 % follow."""

import colorsys
import random

import pytest
import torch

from lottery import config, seeds
from lottery.data import augment
from lottery.specs import Augmentation
from tests.conftest import REPOSITORY
from tests.unit.test_config import complaint

pytestmark = pytest.mark.numbers

SAME = {"turn": 0, "power": (1, 1), "factor": (1, 1), "shift": (0, 0)}


def stream(seed=0):
    return seeds.generator(seed, "test")


def colours(*pixels):
    """A batch of images of one colour each."""
    return torch.tensor(pixels, dtype=torch.uint8)[:, :, None, None].expand(-1, -1, 8, 8)


def changed(pixel, **changes):
    """One pixel by hand; power, factor and shift are of (saturation, value)."""
    how = {
        name: torch.tensor(numbers, dtype=torch.float32).view(1, -1, 1, 1)
        for name, numbers in {**SAME, **changes}.items()
    }
    image = augment.change_hsv(colours(pixel), **how)
    assert (image == image[:, :, :1, :1]).all()
    return tuple(image[0, :, 0, 0].tolist())


@pytest.mark.parametrize(
    ("pixel", "changes", "expected"),
    [
        # red by a 24th of the circle either way: a quarter of the way to yellow and to magenta
        ((255, 0, 0), {"turn": 1 / 24}, (255, 64, 0)),
        ((255, 0, 0), {"turn": -1 / 24}, (255, 0, 64)),
        # hue past the end of the circle: from 11/12 to 1/12
        ((200, 0, 100), {"turn": 1 / 6}, (200, 100, 0)),
        # value 0.2 to 0.2^2 * 2 + 0.1 = 0.18
        ((51, 51, 51), {"power": (1, 2), "factor": (1, 2), "shift": (0, 0.1)}, (46, 46, 46)),
        # value 0.6 to 0.6^0.5 = 0.775, whose saturation stays 0.5
        ((153, 76.5, 76.5), {"power": (1, 0.5)}, (198, 98, 98)),
        # saturation 0.5 to 0.5^2 * 2 - 0.1 = 0.4, at value 1 and hue 1/3
        (
            (127.5, 255, 127.5),
            {"power": (2, 1), "factor": (2, 1), "shift": (-0.1, 0)},
            (153, 255, 153),
        ),
        # clipped: saturation 0.8 * 2 to 1; value 0.4 - 0.5 to 0
        ((20, 20, 100), {"factor": (2, 1)}, (0, 0, 100)),
        ((51, 51, 102), {"shift": (0, -0.5)}, (0, 0, 0)),
        # grey: 0 to any power is 0; a shift of the saturation makes it red, and turned with the hue
        ((100, 100, 100), {"turn": 0.1, "power": (0.3, 1), "factor": (1.4, 1)}, (100, 100, 100)),
        ((100, 100, 100), {"shift": (0.1, 0)}, (100, 90, 90)),
        ((100, 100, 100), {"shift": (0.1, 0), "turn": 1 / 3}, (90, 100, 90)),
        ((100, 100, 100), {"shift": (-0.1, 0)}, (100, 100, 100)),
        # black: of value 0, raised and tinted likewise
        ((0, 0, 0), {"shift": (0.5, 0.2)}, (51, 26, 26)),
    ],
)
def test_a_pixel_by_hand(pixel, changes, expected):
    assert changed(pixel, **changes) == pytest.approx(expected, abs=1)


def test_hue_saturation_and_value_are_those_of_colorsys():
    levels = (0, 1, 50, 127, 128, 200, 254, 255)
    pixels = [(r, g, b) for r in levels for g in levels for b in levels]
    image = colours(*pixels)[:, :, :1, :1].double() / 255
    hsv = augment.rgb_to_hsv(image)
    expected = [colorsys.rgb_to_hsv(*(x / 255 for x in pixel)) for pixel in pixels]
    assert_colours(hsv, expected)
    assert_colours(augment.hsv_to_rgb(hsv), [colorsys.hsv_to_rgb(*one) for one in expected])
    hsv[:, 0] = (hsv[:, 0] + 0.37) % 1
    turned = [colorsys.hsv_to_rgb((h + 0.37) % 1, s, v) for h, s, v in expected]
    assert_colours(augment.hsv_to_rgb(hsv), turned)


def assert_colours(found, expected):
    """In float64, after some ten operations on numbers of at most 6: a hue is a sixth of those."""
    apart = (found[:, :, 0, 0] - torch.tensor(expected, dtype=torch.float64)).abs().max()
    assert apart <= 60 * torch.finfo(torch.float64).eps


def test_there_and_back_no_byte_changes():
    levels = torch.arange(0, 256, 5)
    image = torch.cartesian_prod(levels, levels, levels).T.reshape(1, 3, 52, -1)
    back = 255 * augment.hsv_to_rgb(augment.rgb_to_hsv(image / 255))
    assert torch.equal(back.round(), image.float())


def test_noise_has_the_ranges_of_the_authors_code():
    """Against draws of Python's own, by quantiles of what becomes of a colour, a grey and black."""
    count = 20_000
    pixels = [(153, 102, 102), (128, 128, 128), (0, 0, 0), (0, 128, 64)]
    python = random.Random(0)
    batch = colours(*pixels)[:, :, 0, 0].T[None, :, None, :].expand(count, 3, 1, 4)
    noisy = augment.hsv_noise(batch, stream())[:, :, 0, :].float()

    def once():
        turn = python.uniform(-0.1, 0.1)
        draws = [
            (2 ** python.uniform(-2, 2), 2 ** python.uniform(-0.5, 0.5), python.uniform(-0.1, 0.1))
            for _ in range(2)
        ]
        for pixel in pixels:
            hue, *others = colorsys.rgb_to_hsv(*(x / 255 for x in pixel))
            others = [
                min(1, max(0, x**power * factor + shift))
                for x, (power, factor, shift) in zip(others, draws, strict=True)
            ]
            yield colorsys.hsv_to_rgb((hue + turn) % 1, *others)

    expected = 255 * torch.tensor([list(once()) for _ in range(count)]).transpose(1, 2)
    shares = torch.tensor([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
    found, wanted = (x.quantile(shares, dim=0) for x in (noisy, expected))
    assert (found - wanted).abs().max() < 4


def test_hue_saturation_and_value_are_drawn_apart():
    noisy = augment.hsv_noise(colours((51, 153, 102)).expand(5000, -1, -1, -1), stream())
    hue, saturation, value = augment.rgb_to_hsv(noisy[:, :, 0, 0, None, None] / 255).view(-1, 3).T
    clear = (value > 0.3) & (saturation > 0.3)  # elsewhere bytes are too coarse to read a hue from
    turn = hue[clear] - 5 / 12
    assert 0.095 < turn.abs().quantile(0.99) < 0.105
    together = torch.corrcoef(torch.stack([turn, saturation[clear], value[clear]]))
    assert (together - torch.eye(3)).abs().max() < 0.07


def test_each_image_has_draws_of_its_own_and_all_of_its_pixels_the_same():
    pixels = colours(*[(153, 102, 51)] * 200)
    noisy = augment.hsv_noise(pixels, stream())
    assert (noisy == noisy[:, :, :1, :1]).all()
    assert len(noisy[:, :, 0, 0].unique(dim=0)) > 190


def test_noise_is_bytes_of_the_same_shape_and_follows_from_the_generator():
    pixels = torch.randint(256, (5, 3, 12, 12), dtype=torch.uint8)
    before = pixels.clone()
    one, again, other = (augment.hsv_noise(pixels, stream(seed)) for seed in (0, 0, 1))
    assert (one.dtype, one.shape) == (torch.uint8, pixels.shape)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(pixels, before), "resident images are not written to"


def test_noise_comes_after_flip_and_rotation():
    pixels = torch.randint(256, (20, 3, 12, 12), dtype=torch.uint8)
    how = Augmentation(flip=True, rotation=10, hsv_noise=True)
    found = augment.augment(pixels, how, stream(), 12)
    again = stream()
    turned = augment.random_rotation(augment.random_flip(pixels, again), 10, again)
    assert torch.equal(found, augment.hsv_noise(turned, again))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"hue": 0.1}, "hue"), ({"contrast": 0.4, "saturation": 0.2}, "contrast, saturation")],
)
def test_noise_and_jitter_together_are_refused_by_name(tmp_path, changes, words):
    assert complaint(tmp_path, {"recipes": {"imagenet-images-1": {"augmentation": changes}}}) == (
        f"{tmp_path}/mine.yaml: recipes.imagenet-images-1.augmentation: hsv_noise and {words} are "
        "two ways to change colours: give one"
    )


def test_the_demo_gives_no_colour_to_grey_images():
    demo = config.load([REPOSITORY / "config.yaml", REPOSITORY / "config/demo.yaml"])
    grey = {
        entry.recipe
        for entry in [*demo.tickets.values(), *demo.evaluations.values()]
        if getattr(entry, "dataset", None)
        and demo.datasets[entry.dataset].format in ("digits", "letters")
    }
    assert {"imagenet-images-1", "imagenet-classes-1", "imagenet-exemplar-resnet50"} <= grey
    for name in grey:
        how = demo.recipes[name].augmentation
        assert (how.hsv_noise, how.saturation, how.hue) == (False, 0, 0), name
