"""One image file, read by Pillow: its size, all of it or a box of it, or why it cannot be read."""

import contextlib
import re
import stat
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from lottery.errors import LotteryError
from lottery.messages import log

DEEP = ("I", "F")
"""How the names of Pillow's modes of more than 8 bits a channel begin."""
DEEP_PIXELS = re.compile(r";16[BLN]")
"""In Pillow's names of pixels in a file: 16 bits a channel. (`BGR;16` of a BMP are 5, 6 and 5.)"""
TIFF_BITS = 258
"""TIFF's tag of the bits of each channel."""
DALI_READS = {"JPEG", "PNG", "BMP", "PPM", "WEBP"}
"""Pillow's names of the formats that DALI reads to the same pixels. Others it refuses, or gives
other colours for some files of them (TIFF in grey and alpha, YCbCr in JPEG 2000)."""
LARGEST = 2**31 - 1
"""The largest file, in bytes, that a listing can hold."""
SHOWN = 3
"""For how many images a warning is shown."""

_Found = TypeVar("_Found")
_here = threading.local()


class Size(NamedTuple):
    """What the header of an image file says."""

    width: int
    """Pixels, as stored: an orientation in the file's EXIF data is ignored."""
    height: int
    bytes: int
    """Of the file."""
    by_pillow: bool
    """Whether DALI would refuse it, or decode it to other colours."""


def size(path: Path) -> Size:
    """The size of an image, from the file's header.

    Raises: LotteryError, naming the file, if it is not an image of 8 bits a channel.
    """
    with _opened(path) as image:
        length = path.stat().st_size
        if length > LARGEST:
            raise LotteryError(f"{path}: {length:,} bytes, expected {LARGEST:,} at most")
        apart = (
            image.format not in DALI_READS
            or image.mode == "CMYK"  # of a JPEG without Adobe's marker DALI inverts the colours
            or _scale(image) not in (None, 255)
            or getattr(image, "is_animated", False)  # they differ on which picture is the first
            # cut off, which DALI notices only in the lower part
            or (image.format == "JPEG" and _cut(image, length))
        )
        return Size(*image.size, length, apart)


def square(path: Path, side: int) -> np.ndarray:
    """The middle square of an image, uint8 (side, side, 3), scaled, bilinear and antialiased.

    Raises: LotteryError, naming the file, if it cannot be read.
    """
    with _opened(path) as image:
        wide, high = image.size
        least = min(wide, high)
        left, top = (wide - least) / 2, (high - least) / 2
        return _scaled(image.convert("RGB"), (left, top, left + least, top + least), side)


def crop(path: Path, box: list[int], side: int) -> np.ndarray:
    """A box (left, top, width, height; pixels) of an image, scaled as in `square`.

    Raises: LotteryError, naming the file, if it cannot be read or has no such box.
    """
    left, top, width, height = box
    with _opened(path) as image:
        if left + width > image.width or top + height > image.height:
            raise LotteryError(
                f"{path}: {image.width} x {image.height} pixels now, it was larger when the data "
                "set was listed: remove the listing (results/.../images/*.pt)"
            )
        part = image.convert("RGB").crop((left, top, left + width, top + height))
        return _scaled(part, (0, 0, width, height), side)


def each(what: Callable[[Path], _Found], paths: Iterable[Path]) -> Iterator[_Found]:
    """The result of `what` for each path, in order, by several threads."""
    with readers() as pool:
        yield from pool.map(what, paths)


@contextlib.contextmanager
def readers(threads: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """Threads that read images; decoding releases the interpreter's lock.

    On leaving the block, or after a damaged image, pending reads are cancelled. Meanwhile the first
    few of each of Pillow's warnings are logged with the file, which Pillow does not name.
    """
    pool = ThreadPoolExecutor(threads)
    with _named_warnings():
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Raises: LotteryError, naming the file, for whatever Pillow raises within."""
    _here.path = path
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for a writer
            raise LotteryError(f"{path}: not a file, but named as an image")
        with Image.open(path) as image:
            if _deep(image):
                # Converted, all but the darkest would be white, or a 12-bit image nearly black.
                raise LotteryError(
                    f"{path}: {image.format} of mode {image.mode} with more than 8 bits a channel, "
                    "expected 8: convert it"
                )
            yield image
    except LotteryError:
        raise
    except FileNotFoundError:
        if path.is_symlink():
            raise LotteryError(f"{path}: a link to {path.readlink()}, which is not there") from None
        raise LotteryError(
            f"{path}: no such file, but it is in the data set's listing: the same command lists "
            "the data set again"
        ) from None
    except Exception as error:  # Pillow raises what its parsers do: ValueError, struct.error, ...
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise LotteryError(f"{path}: not a readable image: {reason}") from None


def _deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a channel, of which Pillow would cut some."""
    bits = getattr(image, "tag_v2", {}).get(TIFF_BITS, ())
    return (
        image.mode.startswith(DEEP)
        or (_scale(image) or 0) > 255
        or any(DEEP_PIXELS.search(str(pixels)) for pixels in _pixels(image))
        or any(depth > 8 for depth in bits)
    )


def _cut(image: Image.Image, length: int) -> bool:
    """Whether a JPEG of `length` bytes lacks an end marker, which junk may follow."""
    file: Any = getattr(image, "fp", None)
    file.seek(max(0, length - 4096))
    return b"\xff\xd9" not in file.read()


def _pixels(image: Image.Image) -> list[Any]:
    """What Pillow's decoder is told about the pixels in the file: their mode, and more."""
    return [tile[3] for tile in getattr(image, "tile", [])]


def _scale(image: Image.Image) -> int | None:
    """The value of white in a PPM file; None in other formats."""
    pixels = next(iter(_pixels(image)), None) if image.format == "PPM" else None
    return int(pixels[1]) if isinstance(pixels, tuple) else None


def _scaled(image: Image.Image, box: tuple[float, float, float, float], side: int) -> np.ndarray:
    """Only the box is scaled: the rest of a strip a thousand times its height would be huge."""
    if image.size != (side, side) or box != (0, 0, side, side):
        image = image.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return np.array(image)


@contextlib.contextmanager
def _named_warnings() -> Iterator[None]:
    seen: Counter[str] = Counter()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        seen[str(message)] += 1
        if seen[str(message)] <= SHOWN:
            path = getattr(_here, "path", "an image")
            log(f"{path}: warning: {message}")

    with warnings.catch_warnings():
        warnings.filterwarnings("always", module=r"PIL\.")
        warnings.showwarning = show
        yield
    for message, count in seen.items():
        if count > SHOWN:
            log(f"{count - SHOWN:,} more images: {message}")
