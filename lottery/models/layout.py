"""The memory layout in which a network is trained."""

import torch
from torch import nn

CHANNELS = 16
"""Channels in oneDNN's widest block of a pixel (float32 on AVX-512)."""


def layout(model: nn.Module) -> torch.memory_format:
    """The memory layout in which a network is fastest and safe: channels last, or contiguous.

    Contiguous if a strided 1x1 convolution has fewer than 16 input channels: in a ResNet-18 or -34
    of width 15 or less, in a ResNet-50 of width 3. AlexNets and VGGs have no such convolution.

    In channels-last layout oneDNN (torch 2.15) then writes out of bounds, in the gradient of the
    weights. It gathers the pixels that the stride leaves in a buffer with a row for each, but
    starts at pixel p of an image as if a row held a whole block of channels: 8 on processors with
    AVX2, 16 with AVX-512. Where rows are shorter this is p * (block - channels) floats too late. p
    is not 0 where threads share an image, as two do of an odd number of images, or where an image
    is taken in parts, which one thread does of larger ones. A training then dies, hangs or goes on
    with wrong gradients (https://github.com/uxlfoundation/oneDNN/issues/6035).
    """
    return torch.contiguous_format if _overruns(model) else torch.channels_last


def _overruns(model: nn.Module) -> bool:
    return any(
        module.in_channels < CHANNELS and _gathers(module)
        for module in model.modules()
        if isinstance(module, nn.Conv2d)
    )


def _gathers(convolution: nn.Conv2d) -> bool:
    """Whether it reads single pixels, some of which it skips."""
    return max(convolution.kernel_size) == 1 and max(convolution.stride) > 1
