"""The part of an image that the network sees: left, top, width, height, as fractions of it."""

import math

import torch
from torch import Tensor

ATTEMPTS = 10
NARROWEST, WIDEST = 3 / 4, 4 / 3
"""Aspect ratios of random boxes, width to height in pixels."""


def random_boxes(aspects: Tensor, least: float, stream: torch.Generator) -> Tensor:
    """Random boxes of `least` to 1 of the area of images with `aspects` (B,), width to height.

    Returns float32 (B, 4), each from 0 to 1. As in torchvision's RandomResizedCrop (after
    Krizhevsky et al., 2012) the box's own aspect ratio is log-uniform from 3/4 to 4/3, and the
    first of ten draws that lies inside the image counts; if none does it is the widest or highest
    box in the middle.
    """
    draws = torch.rand((4, len(aspects), ATTEMPTS), generator=stream, device=aspects.device)
    aspects = aspects[:, None]
    area = least + (1 - least) * draws[0]
    ratio = torch.exp(math.log(WIDEST) * (2 * draws[1] - 1))
    width, height = (area * ratio / aspects).sqrt(), (area / ratio * aspects).sqrt()
    fits = (width <= 1) & (height <= 1)
    first = fits.float().argmax(dim=1, keepdim=True)  # 0 if none does
    some = fits.any(dim=1, keepdim=True)
    whole = (WIDEST / aspects).clamp(max=1), (aspects / NARROWEST).clamp(max=1)
    width = torch.where(some, width.gather(1, first), whole[0])
    height = torch.where(some, height.gather(1, first), whole[1])
    x, y = (torch.where(some, draws[place].gather(1, first), 0.5) for place in (2, 3))
    return torch.cat([x * (1 - width), y * (1 - height), width, height], dim=1)


def centre_boxes(aspects: Tensor, share: float) -> Tensor:
    """Of each image the middle square, `share` (0..1) of the shorter side long; float32 (B, 4)."""
    width, height = share * (1 / aspects).clamp(max=1), share * aspects.clamp(max=1)
    return torch.stack([(1 - width) / 2, (1 - height) / 2, width, height], dim=1)


def in_pixels(boxes: Tensor, sizes: Tensor) -> Tensor:
    """Boxes of images of `sizes` (B, 2: width, height) in whole pixels, at least one; int32 (B, 4).

    Both loaders get whole pixels: each would round in its own way.
    """
    sizes = sizes.double()
    corners = boxes[:, :2].double()
    start, end = ((place * sizes).round() for place in (corners, corners + boxes[:, 2:].double()))
    extent = (end - start).clamp(min=1)
    start = torch.minimum(start, sizes - extent)
    return torch.cat([start, extent], dim=1).to(torch.int32)
