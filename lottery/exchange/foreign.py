"""A file of others as named tensors: read as data, never as code."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from torch import Tensor

from lottery.errors import LotteryError, reason

INSIDE = ("state_dict", "model_state_dict", "model", "net")
"""Keys under which checkpoints keep the `state_dict` beside other things."""
PREFIXES = ("module.", "_orig_mod.")
"""What `DataParallel` and `torch.compile` put before every name."""


class Foreign(NamedTuple):
    """What a file holds."""

    name: str
    sha256: str
    size: int
    """Bytes of the file."""
    tensors: dict[str, Tensor]
    ordered: bool
    """Whether they are in the order in which their network has them: safetensors sort them."""


def read(path: str | Path) -> Foreign:
    """A `state_dict`, alone or in a checkpoint: a file of `torch.save`, or `.safetensors`.

    Raises: LotteryError if the file is absent, damaged, holds code, or something else than tensors.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror or error}") from None
    plain = Path(path).suffix == ".safetensors"
    try:
        found: Any = safetensors.torch.load(content) if plain else _pickled(content)
    except Exception as error:  # a damaged file can make either raise anything
        raise LotteryError(f"{path}: not readable as {_kind(plain)}: {reason(error)}") from None
    sha256 = hashlib.sha256(content).hexdigest()
    return Foreign(Path(path).name, sha256, len(content), _tensors(path, found), not plain)


def _pickled(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _kind(plain: bool) -> str:
    return "safetensors" if plain else "a file of torch.save"


def _tensors(path: str | Path, found: Any) -> dict[str, Tensor]:
    """The named tensors of a `state_dict`, without the prefixes of wrappers."""
    for key in INSIDE:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    if not isinstance(found, Mapping) or not found:
        raise LotteryError(f"{path}: holds {type(found).__name__}, allowed: a state_dict")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise LotteryError(f"{path}: {name} is {kind}, allowed: names and tensors")
        if value.layout != torch.strided or value.is_quantized:
            raise LotteryError(f"{path}: {name} is sparse or quantized, allowed: plain tensors")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): value for name, value in found.items()}
    return dict(found)
