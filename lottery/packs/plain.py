"""Refuses files that hold more than tensors and plain values, before anything loads them.

`torch.load(weights_only=True)` runs no code, but believes what a file says of its sizes: it reads
beyond a storage that is shorter than said, and a tensor of a byte may claim to be a terabyte. Here
the pickle is read without torch, and none of its values is made until it is known to be sound.
"""

import io
import json
import math
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

from lottery.errors import LotteryError, reason
from lottery.headers import MOST
from lottery.packs import layout

DEEPEST = 100
"""Levels of values in values; results have some ten."""
MOST_CHARACTERS, VALUE = 2**26, 64
"""Of all texts together, and what any value counts as: a few bytes of a pickle can say one list a
billion times."""
ITEMS = {
    "BFloat16Storage": 2,
    "BoolStorage": 1,
    "ByteStorage": 1,
    "CharStorage": 1,
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "IntStorage": 4,
    "LongStorage": 8,
    "ShortStorage": 2,
}
"""Bytes of an element, by torch's name of what holds it."""
PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
"""Opcodes that remember a value under a number, for which Python reserves as many places."""


def check_json(path: Path) -> None:
    """Raises: LotteryError if a JSON file is too large, nested too deeply, or none."""
    try:
        if path.stat().st_size > layout.MOST_JSON:
            raise ValueError(f"larger than {layout.MOST_JSON:,} bytes")
        _check_values(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise LotteryError(f"{path}: not a readable report: {error}") from None


def check_artifact(path: Path) -> None:
    """Raises: LotteryError if a `.pt` file is no zip of a pickle of plain values and tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            records = _records(archive)
            text = archive.read(_pickle_of(records))
        _check_opcodes(text)
        reader = _Reader(text, {name.split("/", 1)[1]: size for name, size in records.items()})
        _check_values(reader.load())
    except Exception as error:  # a hostile pickle can raise whatever it likes
        raise LotteryError(f"{path}: not a readable artifact: {reason(error)}") from None


def _records(archive: zipfile.ZipFile) -> dict[str, int]:
    """Bytes of what the zip holds, by name: not compressed, nothing twice, all in one folder."""
    found: dict[str, int] = {}
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ValueError(f"{info.filename} in it is compressed")
        if info.filename in found or info.is_dir() or info.external_attr & 0x10:
            raise ValueError(f"{info.filename} in it is there twice, or a folder")
        found[info.filename] = info.file_size
    if len({name.split("/")[0] for name in found}) != 1 or not all("/" in name for name in found):
        raise ValueError("its parts are not in one folder")
    return found


def _pickle_of(records: dict[str, int]) -> str:
    (name,) = [name for name in records if name.endswith("data.pkl")]
    if name.count("/") != 1 or not name.endswith("/data.pkl") or records[name] > MOST:
        raise ValueError("its header is too large, or not where torch looks for it")
    return name


def _check_opcodes(text: bytes) -> None:
    for number, (opcode, argument, _) in enumerate(pickletools.genops(text)):
        if opcode.name in PUTS and int(argument or 0) > number:
            raise ValueError("its pickle is not one of torch's")


class _Storage(NamedTuple):
    """What holds the elements of tensors."""

    length: int
    """In elements."""
    item: int
    """Bytes of an element."""


class _Tensor(NamedTuple):
    """What stands for a tensor that is known to be sound."""


class _Reader(pickle.Unpickler):
    """Calls nothing but `OrderedDict` and a check of each tensor's sizes."""

    def __init__(self, text: bytes, records: dict[str, int]) -> None:
        super().__init__(io.BytesIO(text))
        self._records, self._left = records, sum(records.values())

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if module == "torch" and name in ITEMS:
            return name
        raise pickle.UnpicklingError("it holds more than tensors and plain values")

    def persistent_load(self, about: Any) -> _Storage:
        kind, name, key, _, count = about
        if kind != "storage" or self._records[f"data/{key}"] != count * ITEMS[name]:
            raise ValueError(f"a tensor in it is not of the size that it says: {key}")
        return _Storage(count, ITEMS[name])

    def _tensor(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
        *_: Any,
    ) -> _Tensor:  # fmt: skip
        size = math.prod(shape) * storage.item
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        self._left -= size
        if (
            min((offset, *shape, *strides)) < 0
            or (size and last >= storage.length)
            or self._left < 0
        ):
            raise ValueError("a tensor in it claims more than the file holds")
        return _Tensor()


def _check_values(value: Any) -> None:
    """Raises: ValueError if it is nested too deeply, too much, or not plain."""
    ahead, left = [(value, DEEPEST)], MOST_CHARACTERS
    while ahead:
        found, depth = ahead.pop()
        left -= VALUE + (len(found) if isinstance(found, str) else 0)
        if depth < 0 or left < 0:
            raise ValueError("it is nested too deeply, or has too many values")
        if isinstance(found, dict):
            if not all(isinstance(key, str) for key in found):
                raise ValueError("it has keys that are no text")
            left -= sum(map(len, found))
            ahead += [(child, depth - 1) for child in found.values()]
        elif isinstance(found, _Tensor):
            continue
        elif isinstance(found, list | tuple):
            ahead += [(child, depth - 1) for child in found]
        elif not isinstance(found, str | int | float | bool | None):
            raise ValueError("it holds more than tensors and plain values")
        elif isinstance(found, int) and found.bit_length() > 64:
            raise ValueError("it holds a number of more than 64 bits")
