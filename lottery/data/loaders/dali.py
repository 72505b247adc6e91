"""NVIDIA DALI: its GPU pipeline where the training is on a GPU, its CPU pipeline otherwise."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.plugin.pytorch import feed_ndarray
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.dlpack import from_dlpack

from lottery.data.folder import check_decodes
from lottery.data.loaders import AHEAD, Wanted
from lottery.errors import LotteryError


def load(
    wanted: Wanted, largest: int, size: int, device: torch.device, workers: int
) -> Iterator[Tensor]:
    """See `Loader`: only the box is decoded, and scaled bilinearly and free of aliases."""
    asked: deque[list[Path]] = deque()

    def source() -> Iterator[tuple[list[Any], Any, Any]]:
        for paths, boxes in wanted:
            asked.append(paths)
            names = [np.frombuffer(str(path).encode(), np.uint8) for path in paths]
            yield names, *(part.contiguous().numpy() for part in boxes.split(2, dim=1))

    pipeline = _pipeline(
        source(),
        size,
        device="mixed" if device.type == "cuda" else "cpu",
        batch_size=largest,
        num_threads=workers,
        device_id=device.index or 0 if device.type == "cuda" else None,
        prefetch_queue_depth=AHEAD,
    )
    pipeline.build()
    stream = torch.cuda.current_stream(device) if device.type == "cuda" else None
    while True:
        try:
            (images,) = pipeline.run(stream)
        except StopIteration:
            return
        except RuntimeError as error:
            raise _damaged(asked, str(error)) from None
        asked.popleft()
        yield _copied(images, device) if device.type == "cuda" else _resized(images, size)


@pipeline_def  # type: ignore[untyped-decorator]
def _pipeline(source: Any, size: int, device: str) -> Any:
    names, corners, sizes = fn.external_source(
        source=source, num_outputs=3, dtype=[types.UINT8, types.FLOAT, types.FLOAT], ndim=[1, 1, 1]
    )
    images = fn.decoders.image_slice(
        fn.io.file.read(names),
        corners,
        sizes,
        device=device,
        axis_names="WH",
        output_type=types.RGB,
        adjust_orientation=False,  # as torchvision, and as the sizes in the listing
    )
    if device == "cpu":
        return images  # `_resized` does it
    return fn.resize(images, resize_x=size, resize_y=size, antialias=True)


def _resized(images: Any, size: int) -> Tensor:
    """As DALI's `resize` on a GPU; on a CPU torch takes a fifth of its time."""
    views = (from_dlpack(image).permute(2, 0, 1)[None] for image in images)
    squares = [interpolate(v, (size, size), mode="bilinear", antialias=True) for v in views]
    return torch.cat(squares)  # a copy: DALI uses its own buffer again


def _copied(images: Any, device: torch.device) -> Tensor:
    dense = images.as_tensor()
    pixels = torch.empty(tuple(dense.shape()), dtype=torch.uint8, device=device)
    feed_ndarray(
        dense, pixels, cuda_stream=torch.cuda.current_stream(device)
    )  # a copy: DALI uses its own buffer again
    return pixels.permute(0, 3, 1, 2)


def _damaged(asked: deque[list[Path]], reason: str) -> LotteryError:
    """DALI does not say which file: look for the first that cannot be decoded."""
    for path in (path for paths in asked for path in paths):
        try:
            check_decodes(path)
        except LotteryError as error:
            return error
    return LotteryError(f"DALI: {' '.join(reason.split())[:300]}")
