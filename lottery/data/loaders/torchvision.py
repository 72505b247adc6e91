"""torchvision in worker processes, for machines without DALI."""

import signal
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2.functional import pil_to_tensor, resized_crop

from lottery.data.folder import UNREADABLE, check_decodes
from lottery.data.loaders import AHEAD, Wanted
from lottery.errors import LotteryError

Asked = tuple[Path, list[float]]
"""A file and its box."""


def load(
    wanted: Wanted, largest: int, size: int, device: torch.device, workers: int
) -> Iterator[Tensor]:
    """See `Loader`: the box, rounded to whole pixels, is scaled bilinearly and free of aliases."""
    loader = DataLoader(
        _Decoded(size),
        batch_sampler=(list(zip(paths, boxes.tolist(), strict=True)) for paths, boxes in wanted),
        num_workers=workers,
        prefetch_factor=max(1, AHEAD // workers),
        collate_fn=_together,
        worker_init_fn=_outlive_signals,
        pin_memory=device.type == "cuda",
    )
    try:
        for pixels in loader:
            if isinstance(pixels, str):
                raise LotteryError(pixels)
            yield pixels.to(device, non_blocking=True).permute(0, 3, 1, 2)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise LotteryError(f"loader: torchvision: {' '.join(str(error).split())[:300]}") from None


def _outlive_signals(worker: int) -> None:
    """A signal to all of a job is for the training, which saves its state and ends its workers."""
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


class _Decoded(Dataset[Tensor | str]):
    """By file and box: uint8 (size, size, 3), or what is wrong with the file."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __getitem__(self, asked: Asked) -> Tensor | str:
        path, (left, top, width, height) = asked
        try:
            with Image.open(path) as file:
                image = file.convert("RGB")
        except UNREADABLE:
            try:
                check_decodes(path)
            except LotteryError as error:
                return str(error)
            raise
        right, bottom = round((left + width) * image.width), round((top + height) * image.height)
        x, y = round(left * image.width), round(top * image.height)
        wide, high = max(1, right - x), max(1, bottom - y)
        square = resized_crop(image, y, x, high, wide, [self._size] * 2, antialias=True)
        return pil_to_tensor(square).permute(1, 2, 0)


def _together(images: list[Tensor | str]) -> Tensor | str:
    """An exception would reach the training as a worker's traceback, so words are passed on."""
    broken = next((image for image in images if isinstance(image, str)), None)
    return broken or torch.stack([image for image in images if isinstance(image, Tensor)])
