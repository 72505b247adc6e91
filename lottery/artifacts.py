"""Self-describing .pt files: a header and tensors, loaded as data and never as code."""

import io
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import torch

from lottery import files, records
from lottery.errors import LotteryError
from lottery.specs import Spec

MARKS_A_FOLDER = 0x10
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    pickle.UnpicklingError,
    EOFError,
    RuntimeError,  # "is encrypted", missing compressions, and torch's own
    ValueError,
    KeyError,
)
"""What zipfile and torch raise for a truncated or foreign file."""


def save(path: str | Path, header: dict[str, Any], payload: dict[str, Any]) -> None:
    """Write header and payload (tensors and plain values) atomically."""
    buffer = io.BytesIO()  # torch itself reports a full disk as "unexpected pos"
    torch.save({"header": header, "payload": payload}, buffer)
    with files.atomic(path) as handle:
        handle.write(buffer.getbuffer())


def load(path: str | Path, what: str, expected: Spec, *keys: str) -> dict[str, Any]:
    """The payload of an artifact that is a `what` made by `expected` and holds `keys`.

    Raises: LotteryError if the file is absent, truncated, damaged, foreign, or of another chain.
    """
    header, payload = read(path)
    records.check(path, header, what, expected)
    for key in keys:
        if key not in payload:
            raise LotteryError(f"{path}: damaged: it holds no {key!r}")
    return payload


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of an artifact, whatever it is.

    Raises: LotteryError if the file is absent, truncated, damaged or foreign.
    """
    content = _content(path)
    for part in ("header", "payload"):
        if not isinstance(content, dict) or not isinstance(content.get(part), dict):
            raise LotteryError(f"{path}: not an artifact of this pipeline: it has no {part}")
    return content["header"], content["payload"]


def _content(path: str | Path) -> Any:
    """The content of a file, which is opened once: what was checked is what is loaded.

    It is not read into memory first: the images of a data set would take twice the memory.
    """
    try:
        with open(path, "rb") as handle:
            _check_sums(path, handle)
            handle.seek(0)
            return torch.load(handle, map_location="cpu", weights_only=True)
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror or error}") from None
    except BROKEN as error:
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        if reason.startswith("Weights only load failed"):  # followed by advice to trust it
            reason = "it holds more than tensors and plain values"
        raise LotteryError(
            f"{path}: not a readable artifact (truncated or foreign): {reason}"
        ) from None


def _check_sums(path: str | Path, handle: IO[bytes]) -> None:
    """Raises: LotteryError if a checksum does not match; torch does not check them."""
    with zipfile.ZipFile(handle) as archive:
        damaged = archive.testzip()
        # Torch reads nothing of an entry marked as a folder, and returns uninitialised memory.
        folders = [i.filename for i in archive.infolist() if i.external_attr & MARKS_A_FOLDER]
    for name in filter(None, [damaged, *folders]):
        raise LotteryError(f"{path}: not a readable artifact: {name} in it is damaged")
