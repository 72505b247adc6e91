"""Augmentation of whole batches on the device that trains, one draw per image."""

import torch
from torch import Tensor

from lottery.specs import Augmentation, ImageFormat


def augment(pixels: Tensor, how: Augmentation, stream: torch.Generator) -> Tensor:
    """Crop and flip a uint8 batch (B, 3, H, W); the result has the same shape and type."""
    if how.crop_padding:
        pixels = random_crop(pixels, how.crop_padding, stream)
    if how.flip:
        pixels = random_flip(pixels, stream)
    return pixels


def random_crop(pixels: Tensor, padding: int, stream: torch.Generator) -> Tensor:
    """Crops of the images' own size from the images padded with `padding` zeros on each side."""
    count, _, height, width = pixels.shape
    padded = torch.nn.functional.pad(pixels, (padding,) * 4)
    device = pixels.device
    top, left = torch.randint(2 * padding + 1, (2, count, 1), generator=stream, device=device)
    rows = (top + torch.arange(height, device=device))[:, :, None]
    columns = (left + torch.arange(width, device=device))[:, None, :]
    image = torch.arange(count, device=device)[:, None, None]
    return padded[image, :, rows, columns].permute(0, 3, 1, 2)


def random_flip(pixels: Tensor, stream: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability 1/2."""
    chosen = torch.rand(len(pixels), generator=stream, device=pixels.device) < 0.5
    return torch.where(chosen[:, None, None, None], pixels.flip(3), pixels)


def normalise(pixels: Tensor, dataset: ImageFormat) -> Tensor:
    """uint8 (B, 3, H, W) to float32 with the data set's mean and standard deviation removed."""
    mean = torch.tensor(dataset.mean, device=pixels.device)[:, None, None]
    std = torch.tensor(dataset.std, device=pixels.device)[:, None, None]
    return (pixels.float() / 255 - mean) / std
