"""The headers of result files, read without their tensors, and without torch: in milliseconds."""

import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

from lottery.errors import LotteryError, reason
from lottery.records import check_header

FIGURE = "lottery"
"""The name of the text in a PNG that is its header."""
MOST = 2**26
"""Bytes of a header, the structure of a payload included, beyond which it is refused."""


def read(path: str | Path) -> dict[str, Any]:
    """The header of a report, of a `.pt` file, or of a drawn `.png`.

    Raises: LotteryError if the file is absent, truncated, foreign, or its header was edited.
    """
    try:
        found = READERS.get(Path(path).suffix, _artifact)(path)
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make a pickle raise anything
        raise LotteryError(f"{path}: not a readable result: {reason(error)}") from None
    check_header(path, found)
    return found


def _report(path: str | Path) -> Any:
    """Its first line, up to the result."""
    with open(path, "rb") as handle:
        line = handle.readline(MOST).rstrip()
    return json.loads(line.removesuffix(b",") + b"}")


def _artifact(path: str | Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        name = next((n for n in archive.namelist() if n.endswith("/data.pkl")), "")
        if archive.getinfo(name).file_size > MOST:
            raise ValueError("its header is too large")
        return _Plain(io.BytesIO(archive.read(name))).load()["header"]


def _figure(path: str | Path) -> Any:
    """In a text chunk of a PNG, before its pixels."""
    with open(path, "rb") as handle:
        if handle.read(8) != b"\x89PNG\r\n\x1a\n":
            raise ValueError("no PNG")
        while True:
            size, kind = struct.unpack(">I4s", handle.read(8))
            if kind == b"IDAT" or size > MOST:
                raise ValueError("it has no header")
            name, _, text = handle.read(size).partition(b"\0")
            handle.read(4)  # its checksum
            if kind == b"tEXt" and name == FIGURE.encode():
                return json.loads(text)


READERS = {".json": _report, ".png": _figure}


class _Plain(pickle.Unpickler):
    """Reads plain values; each tensor becomes None, and nothing else is ever called or imported."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module.split(".")[0] == "torch":
            return _Nothing
        raise pickle.UnpicklingError("it holds more than tensors and plain values")

    def persistent_load(self, _: Any) -> None:
        return None


class _Nothing:
    """What stands for torch's classes and functions."""

    def __new__(cls, *_: Any) -> None:  # type: ignore[misc]
        return None
