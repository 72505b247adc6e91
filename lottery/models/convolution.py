"""3x3 convolutions of many channels over maps of few pixels, on a CPU, as matrix products.

There oneDNN (torch 2.15) is far from the processor's peak: over maps of 2x2 pixels, with 512
channels and 128 images, forward and backward take four times as long as these products in float32,
and nine times in bfloat16 (two cores with AVX-512 and AMX). It multiplies the padding, too, which
these leave out. A VGG's last stages on CIFAR-10 are such convolutions, and a ResNet-18's.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

PAIRS = 8192
"""Pairs of channels, one that is read and one that is written, for each pixel of a map, at which
products become faster: measured there, with 32 to 128 images."""
Taps = tuple[slice, slice]


class Convolution3x3(nn.Conv2d):
    """A 3x3 convolution with a padding of one pixel.

    Computed as products it differs by rounding alone, but can be differentiated only once.
    """

    def __init__(self, before: int, after: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__(before, after, 3, stride=stride, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H / stride, W / stride), rounded up."""
        autocast = torch.is_autocast_enabled("cpu")
        if not self._few_pixels(x) or not self._known(x.dtype, autocast):
            return super().forward(x)
        if autocast:
            x = x.to(torch.get_autocast_dtype("cpu"))
        products = _Products.apply(x, self.weight)
        return products if self.bias is None else products + self.bias.to(x.dtype)[:, None, None]

    def _few_pixels(self, x: Tensor) -> bool:
        """Whether products are faster; an exported network has convolutions."""
        if x.dim() != 4 or x.device.type != "cpu" or self.stride != (1, 1):
            return False
        pixels, pairs = x.shape[2] * x.shape[3], len(self.weight) * self.weight.shape[1]
        return pairs >= pixels * PAIRS and not torch.compiler.is_exporting()

    def _known(self, dtype: torch.dtype, autocast: bool) -> bool:
        """Whether products take this type for what a convolution would take it for."""
        if autocast:
            return dtype in (torch.float32, torch.get_autocast_dtype("cpu"))
        return dtype == self.weight.dtype


class _Products(torch.autograd.Function):
    """The convolution of x (B, C, H, W) with kernels (O, C, 3, 3)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        kernels = weight.permute(0, 2, 3, 1).to(x.dtype)
        ctx.save_for_backward(x, kernels)
        ctx.weight_type = weight.dtype
        return _convolve(x, len(kernels), lambda taps: kernels[:, *taps].flatten(1).T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, kernels = ctx.saved_tensors
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:  # with mirrored kernels, from what is written to what is read
            mirrored = kernels.permute(1, 2, 0, 3).flip(0, 1)
            of_x = _convolve(gradient, x.shape[1], lambda taps: mirrored[taps].flatten(0, 2))
        if ctx.needs_input_grad[1]:
            of_weight = _gradient(x, gradient).to(ctx.weight_type)
        return of_x, of_weight


def _convolve(x: Tensor, after: int, kernels: Callable[[Taps], Tensor]) -> Tensor:
    """(B, C, H, W) to (B, after, H, W), channels last; `kernels` of some taps (taps * C, after)."""
    batch, _, height, width = x.shape
    out = x.new_empty(batch, height, width, after)
    for place in _places(x):
        part = out[:, *place.pixels]
        part.copy_((place.seen @ kernels(place.taps)).view(part.shape))
    return out.permute(0, 3, 1, 2)


def _gradient(x: Tensor, gradient: Tensor) -> Tensor:
    """That of the kernels (O, C, 3, 3), tap by tap."""
    x, gradient = x.permute(0, 2, 3, 1), gradient.permute(0, 2, 3, 1)
    height, width, channels = x.shape[1:]
    after = gradient.shape[3]
    found = x.new_empty(after, 3, 3, channels)
    for row, (rows, above) in enumerate(_taps(height)):
        for column, (columns, left) in enumerate(_taps(width)):
            seen = x[:, above, left].reshape(-1, channels)
            found[:, row, column] = gradient[:, rows, columns].reshape(-1, after).T @ seen
    return found.permute(0, 3, 1, 2)


class _Place(NamedTuple):
    """A part of a map at whose pixels the same taps of a kernel meet the map, not the padding."""

    pixels: tuple[slice, slice]
    taps: Taps
    seen: Tensor
    """What each pixel sees there, (pixels of all images, taps * C)."""


def _places(x: Tensor) -> Iterator[_Place]:
    """Those of x (B, C, H, W): up to four corners, four edges and the middle."""
    channels, height, width = x.shape[1:]
    x = x.permute(0, 2, 3, 1)
    for rows, above in _spans(height):
        for columns, left in _spans(width):
            read = x[:, _read(rows, above), _read(columns, left)]
            seen = read.unfold(1, above.stop - above.start, 1).unfold(2, left.stop - left.start, 1)
            taps = (above.stop - above.start) * (left.stop - left.start)
            seen = seen.permute(0, 1, 2, 4, 5, 3).reshape(-1, taps * channels)
            yield _Place((rows, columns), (above, left), seen)


def _spans(length: int) -> list[tuple[slice, slice]]:
    """Along one side of a map: pixels, and the taps that meet the map there."""
    if length == 1:
        return [(slice(0, 1), slice(1, 2))]
    first, last = (slice(0, 1), slice(1, 3)), (slice(length - 1, length), slice(0, 2))
    middle = [(slice(1, length - 1), slice(0, 3))] if length > 2 else []
    return [first, *middle, last]


def _taps(length: int) -> list[tuple[slice, slice]]:
    """Along one side of a map, by tap: the pixels for which it meets the map, and what it reads."""
    pixels = [slice(max(0, 1 - tap), min(length, length + 1 - tap)) for tap in range(3)]
    return [(own, slice(own.start + tap - 1, own.stop + tap - 1)) for tap, own in enumerate(pixels)]


def _read(pixels: slice, taps: slice) -> slice:
    """Of the map, what the taps read at these pixels."""
    return slice(pixels.start + taps.start - 1, pixels.stop + taps.stop - 2)
