"""NVIDIA DALI: its GPU pipeline where the training is on a GPU, its CPU pipeline otherwise.

DALI refuses some files that Pillow reads. Those that the listing marks are never passed to it; if
it refuses another one, the images are tried one by one to find it, and Pillow reads it from then
on.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.plugin.pytorch import feed_ndarray
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.dlpack import from_dlpack

from lottery.data import pictures
from lottery.data.loaders import AHEAD, Crops
from lottery.errors import LotteryError
from lottery.messages import log

ALONE = {
    "batch_size": 1,
    "num_threads": 1,
    "prefetch_queue_depth": 1,
    "exec_pipelined": False,
    "exec_async": False,
}
"""How a pipeline fails for an image at that image."""


def load(
    wanted: Iterator[Crops], largest: int, size: int, device: torch.device, workers: int
) -> Iterator[Tensor]:
    """See `Loader`: only the box is decoded, and scaled, bilinear and antialiased."""
    feed = _Feed(wanted)
    stream = torch.cuda.current_stream(device) if device.type == "cuda" else None
    build = partial(
        _pipeline,
        size=size,
        device="mixed" if device.type == "cuda" else "cpu",
        device_id=device.index or 0 if device.type == "cuda" else None,
    )
    with pictures.readers(workers) as pool:
        while True:
            pipeline = build(
                feed.source(), batch_size=largest, num_threads=workers, prefetch_queue_depth=AHEAD
            )
            try:
                for crops, places, images in feed.served(pipeline, stream):
                    seen = _scaled(images, size, device) if places else None
                    yield _completed(seen, crops, places, size, device, pool)
                return
            except _Refusal as refusal:
                feed.learn(build, str(refusal))


class _Refusal(Exception):
    """DALI's error message."""


class _Feed:
    """DALI's input: the images of each micro-batch that it reads."""

    def __init__(self, wanted: Iterator[Crops]) -> None:
        self._wanted = wanted
        self._asked: deque[Crops] = deque()
        self._refused: set[Path] = set()

    def places(self, crops: Crops) -> list[int]:
        """Which images of a micro-batch are for DALI."""
        named = enumerate(zip(crops.files, crops.by_pillow, strict=True))
        return [n for n, (path, apart) in named if not apart and path not in self._refused]

    def source(self) -> Iterator[tuple[list[Any], Any, Any]]:
        """For a pipeline: first the requests that an earlier one failed to serve, then new ones."""
        again, self._asked = self._asked, deque()
        for crops in chain(again, self._wanted):
            self._asked.append(crops)
            if places := self.places(crops):
                yield _asked(crops, places)

    def served(self, pipeline: Any, stream: Any) -> Iterator[tuple[Crops, list[int], Any]]:
        """Each micro-batch, which of its images are for DALI, and these, if there are any.

        Raises: _Refusal if DALI failed; what was not served is requested again.
        """
        while True:
            try:
                (images,) = pipeline.run(stream)
            except StopIteration:
                images = None
            except RuntimeError as error:
                raise _Refusal(str(error)) from None
            while self._asked:
                crops = self._asked.popleft()
                places = self.places(crops)
                yield crops, places, images
                if places:
                    break
            if images is None:
                return

    def learn(self, build: Any, reason: str) -> None:
        """Find the images that DALI refuses, by asking for them one by one, which is slow.

        Raises: LotteryError if DALI did not fail because of a few files.
        """
        files = {
            crops.files[place]: _asked(crops, [place])
            for crops in self._asked
            for place in self.places(crops)
        }
        refused = set()
        rest = deque(files.items())
        while rest:
            pipeline = build(iter([one for _, one in rest]), **ALONE)
            try:
                while rest:
                    pipeline.run()
                    rest.popleft()
            except RuntimeError:
                refused.add(rest.popleft()[0])
        if len(refused) == len(files) != 1:
            raise LotteryError(f"DALI: {_words(reason)}; `loader: torchvision` does without it")
        if not refused:
            raise LotteryError(f"DALI: {_words(reason)}")
        for path in sorted(refused):
            log(f"{path}: DALI refuses it, so Pillow reads it")
        self._refused |= refused


def _asked(crops: Crops, places: list[int]) -> tuple[list[Any], Any, Any]:
    names = [np.frombuffer(os.fsencode(crops.files[place]), np.uint8) for place in places]
    return names, *(part.contiguous().numpy() for part in crops.boxes[places].split(2, dim=1))


@pipeline_def  # type: ignore[untyped-decorator]
def _pipeline(source: Any, size: int, device: str) -> Any:
    names, corners, sizes = fn.external_source(
        source=source, num_outputs=3, dtype=[types.UINT8, types.INT32, types.INT32], ndim=[1, 1, 1]
    )
    images = fn.decoders.image_slice(
        fn.io.file.read(names),
        start=corners,
        shape=sizes,
        device=device,
        axis_names="WH",
        output_type=types.RGB,
        adjust_orientation=False,  # as torchvision, and as the sizes in the listing
    )
    if device == "cpu":
        return images  # `_scaled` does it
    return fn.resize(images, resize_x=size, resize_y=size, antialias=True)


def _scaled(images: Any, size: int, device: torch.device) -> Tensor:
    """DALI's images, uint8 (n, 3, size, size); copied, as DALI reuses its buffer.

    On a GPU DALI has scaled them; on a CPU torch does, in a fifth of DALI's time.
    """
    if device.type == "cuda":
        dense = images.as_tensor()
        pixels = torch.empty(tuple(dense.shape()), dtype=torch.uint8, device=device)
        feed_ndarray(dense, pixels, cuda_stream=torch.cuda.current_stream(device))
        return pixels.permute(0, 3, 1, 2)
    views = (from_dlpack(image).permute(2, 0, 1)[None] for image in images)
    squares = [interpolate(v, (size, size), mode="bilinear", antialias=True) for v in views]
    return torch.cat(squares)


def _completed(
    seen: Tensor | None,
    crops: Crops,
    places: list[int],
    size: int,
    device: torch.device,
    pool: ThreadPoolExecutor,
) -> Tensor:
    """DALI's images with those that Pillow reads, in the order wanted."""
    if seen is not None and len(places) == len(crops.files):
        return seen
    others = sorted(set(range(len(crops.files))) - set(places))
    decode = partial(pictures.crop, side=size)
    boxes = crops.boxes[others].tolist()
    decoded = list(pool.map(decode, [crops.files[place] for place in others], boxes))
    pixels = torch.empty((len(crops.files), 3, size, size), dtype=torch.uint8, device=device)
    pixels[others] = torch.from_numpy(np.stack(decoded)).to(device).permute(0, 3, 1, 2)
    if seen is not None:
        pixels[places] = seen
    return pixels


def _words(reason: str) -> str:
    """DALI's message in one line, without its stack trace."""
    return " ".join(reason.split("Stacktrace")[0].split())[:600]
