"""Augmentation of whole batches on the device that trains, one draw per image."""

import functools
import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from lottery.data.boxes import random_boxes
from lottery.specs import Augmentation, Channels, ImageFormat

YIQ = (
    (0.299, 0.587, 0.114),
    (0.5959, -0.2746, -0.3213),
    (0.2115, -0.5227, 0.3112),
)
"""From RGB to luma and two chroma axes; the first row is the weights of grey."""


def augment(pixels: Tensor, how: Augmentation, stream: torch.Generator, size: int) -> Tensor:
    """Change a uint8 batch (B, 3, H, W) of squares; the result is uint8 (B, 3, size, size).

    The order is crop, flip, small rotation, colour. Without a random crop it is the centre.
    """
    if how.resized_crop:
        pixels = random_resized_crop(pixels, how.resized_crop, stream, size)
    elif how.crop_padding:
        pixels = random_crop(pixels, how.crop_padding, stream, size)
    else:
        start = (pixels.shape[2] - size) // 2
        pixels = pixels[:, :, start : start + size, start : start + size]
    return change(pixels, how, stream)


def change(pixels: Tensor, how: Augmentation, stream: torch.Generator) -> Tensor:
    """All changes after the crop; uint8 (B, 3, H, H) in and out."""
    if how.flip:
        pixels = random_flip(pixels, stream)
    if how.rotation:
        pixels = random_rotation(pixels, how.rotation, stream)
    if how.brightness or how.contrast or how.saturation or how.hue:
        pixels = colour_jitter(pixels, how, stream)
    if how.hsv_noise:
        pixels = hsv_noise(pixels, stream)
    return pixels


def random_crop(pixels: Tensor, padding: int, stream: torch.Generator, size: int) -> Tensor:
    """Squares of `size` pixels from the images padded with `padding` zeros on each side."""
    count, side, device = len(pixels), pixels.shape[2] + 2 * padding, pixels.device
    padded = torch.nn.functional.pad(pixels, (padding,) * 4)
    top, left = torch.randint(side - size + 1, (2, count), generator=stream, device=device)
    windows = padded.unfold(2, size, 1).unfold(3, size, 1)  # a view: each square at (top, left)
    return windows[torch.arange(count, device=device), :, top, left]


def random_resized_crop(pixels: Tensor, least: float, stream: torch.Generator, size: int) -> Tensor:
    """A random share of each image, from `least` to 1, scaled to `size`; see `random_boxes`."""
    count = len(pixels)
    boxes = random_boxes(torch.ones(count, device=pixels.device), least, stream)
    left, top, width, height = boxes[:, :, None].unbind(1)
    zero = torch.zeros_like(left)
    x, y = 2 * left + width - 1, 2 * top + height - 1  # centres, from -1 to 1
    matrix = torch.cat([width, zero, x, zero, height, y], dim=1).view(-1, 2, 3)
    grid = affine_grid(matrix, [count, 3, size, size], align_corners=False)
    return _bytes(grid_sample(pixels.float(), grid, padding_mode="border", align_corners=False))


def random_flip(pixels: Tensor, stream: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2."""
    chosen = torch.rand(len(pixels), generator=stream, device=pixels.device) < 0.5
    differ = pixels ^ pixels.flip(3)  # torch.where takes bytes one by one: four times as long
    return pixels ^ differ & (255 * chosen.byte()).view(-1, 1, 1, 1)


def random_rotation(pixels: Tensor, degrees: float, stream: torch.Generator) -> Tensor:
    """Turn each image about its centre by up to `degrees` either way; bilinear, zero outside."""
    angle = math.radians(degrees) * _uniform(len(pixels), stream).flatten()
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    grid = affine_grid(matrix, list(pixels.shape), align_corners=False)
    return _bytes(grid_sample(pixels.float(), grid, align_corners=False))


def colour_jitter(pixels: Tensor, how: Augmentation, stream: torch.Generator) -> Tensor:
    """Change brightness, contrast, saturation and hue of each image, in that order.

    The first three blend with black, the image's mean grey and its grey version, as torchvision's
    ColorJitter does; hue turns the colour about the grey axis (in YIQ, not in HSV).
    """
    count = len(pixels)
    image = pixels.float()
    image = image * (1 + how.brightness * _uniform(count, stream))
    mean = _grey(image).mean(dim=(1, 2, 3), keepdim=True)
    image = mean + (image - mean) * (1 + how.contrast * _uniform(count, stream))
    grey = _grey(image)
    image = grey + (image - grey) * (1 + how.saturation * _uniform(count, stream))
    if how.hue:
        angle = 2 * math.pi * how.hue * _uniform(count, stream).view(-1, 1, 1)
        to_yiq, from_yiq = _yiq(pixels.device)
        turn = torch.eye(3, device=pixels.device).repeat(count, 1, 1)
        turn[:, 1:2, 1:2] = turn[:, 2:, 2:] = angle.cos()
        turn[:, 1:2, 2:], turn[:, 2:, 1:2] = -angle.sin(), angle.sin()
        matrix = from_yiq @ turn @ to_yiq
        image = torch.einsum("brc,bchw->brhw", matrix, image)
    return _bytes(image)


def hsv_noise(pixels: Tensor, stream: torch.Generator) -> Tensor:
    """The colour noise of Zhai et al. (2019): `change_hsv` with separate draws for each image.

    Hue turns by U(-0.1, 0.1); saturation and value x, each with its own draws, become
    x^(2^U(-2, 2)) * 2^U(-0.5, 0.5) + U(-0.1, 0.1), as in `hsvnoise` of the authors' code (S4L).
    """
    count = len(pixels)
    turn = 0.1 * _uniform(count, stream)
    power, factor, shift = (most * _uniform(count, stream, 2) for most in (2, 0.5, 0.1))
    return change_hsv(pixels, turn, power.exp2(), factor.exp2(), shift)


def change_hsv(
    pixels: Tensor, turn: Tensor, power: Tensor, factor: Tensor, shift: Tensor
) -> Tensor:
    """Turn the hue of a uint8 batch (B, 3, H, W) by a share of the circle, `turn` (B, 1, 1, 1).

    Saturation and value x, from 0 to 1, become x^power * factor + shift, clipped; `power`, `factor`
    and `shift` are (B, 2, 1, 1). Greys have hue and saturation 0, and a positive shift of the
    saturation tints them: all greys of an image alike, in a red that is turned as its hues are.
    """
    hue, others = rgb_to_hsv(pixels.float() / 255).split((1, 2), dim=1)
    others = (others**power * factor + shift).clamp(0, 1)
    return _bytes(255 * hsv_to_rgb(torch.cat([(hue + turn) % 1, others], dim=1)))


def rgb_to_hsv(image: Tensor) -> Tensor:
    """Hue, saturation and value, all from 0 to 1, of floats (B, 3, H, W) from 0 to 1.

    The hue of red is 0, and so are hue and saturation of grey.
    """
    red, green, blue = image.split(1, dim=1)
    value = image.amax(1, keepdim=True)
    chroma = value - image.amin(1, keepdim=True)
    some = torch.where(chroma > 0, chroma, 1)
    sixths = torch.where(
        red == value,
        (green - blue) / some,
        torch.where(green == value, 2 + (blue - red) / some, 4 + (red - green) / some),
    )
    return torch.cat([sixths / 6 % 1, chroma / torch.where(value > 0, value, 1), value], dim=1)


def hsv_to_rgb(image: Tensor) -> Tensor:
    """The inverse of `rgb_to_hsv`, (B, 3, H, W)."""
    hue, saturation, value = image.split(1, dim=1)
    sixths = 6 * hue
    pure = torch.cat(
        [(sixths - 3).abs() - 1, 2 - (sixths - 2).abs(), 2 - (sixths - 4).abs()], dim=1
    ).clamp(0, 1)
    return value * (1 - saturation * (1 - pure))


def _uniform(count: int, stream: torch.Generator, channels: int = 1) -> Tensor:
    """Uniform numbers from -1 to 1 for each image, (B, channels, 1, 1)."""
    return 2 * torch.rand((count, channels, 1, 1), generator=stream, device=stream.device) - 1


def _grey(image: Tensor) -> Tensor:
    weights = _yiq(image.device)[0][0].view(3, 1, 1)
    return (image * weights).sum(dim=1, keepdim=True)


@functools.cache
def _yiq(device: torch.device) -> tuple[Tensor, Tensor]:
    """To YIQ and back. Cached, as each new copy would synchronise with the GPU."""
    to_yiq = torch.tensor(YIQ)
    return to_yiq.to(device), torch.linalg.inv(to_yiq).to(device)


def _bytes(image: Tensor) -> Tensor:
    return image.round().clamp(0, 255).to(torch.uint8)


def normalise(pixels: Tensor, dataset: ImageFormat) -> Tensor:
    """uint8 (B, 3, H, W) to float32 with the data set's mean and standard deviation removed.

    Channels last, and a row of pixels at a time: three channels at a time take twice as long.
    """
    width, device = pixels.shape[3], pixels.device
    mean, std = (_row(values, width, device) for values in (dataset.mean, dataset.std))
    rows = pixels.permute(0, 2, 3, 1).contiguous().flatten(2) / 255
    return rows.sub_(mean).div_(std).unflatten(2, (width, 3)).permute(0, 3, 1, 2)


@functools.cache
def _row(values: Channels, width: int, device: torch.device) -> Tensor:
    """(width * 3), moved to the device once: each copy would make a GPU wait."""
    return torch.tensor(values, device=device).repeat(width)
