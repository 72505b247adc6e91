"""The digest of what a result is, whatever wrote it and whenever: of values, not of a file."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest(value: Any) -> str:
    """SHA-256, hexadecimal, of nested mappings, sequences, plain values and tensors.

    Tensors count by their type, shape and elements in order; where they lie in memory and how
    their file is compressed does not. Mappings count in the order of their keys' names.
    """
    sha = hashlib.sha256()
    _add(sha, value)
    return sha.hexdigest()


VARYING = {"seconds", "device_seconds", "waiting", "sha256"}
"""Keys of reports that differ between two runs of the same: times, and files that hold times."""


def steady(value: Any) -> Any:
    """A report's result without what differs between two runs of the same."""
    if isinstance(value, Mapping):
        return {key: steady(child) for key, child in value.items() if key not in VARYING}
    if isinstance(value, list | tuple):
        return [steady(child) for child in value]
    return value


def _add(sha: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        sha.update(f"mapping {len(value)}\n".encode())
        for key in sorted(value, key=str):
            sha.update(f"{json.dumps(str(key))}\n".encode())
            _add(sha, value[key])
    elif isinstance(value, list | tuple):
        if all(isinstance(child, str | int | float | bool | None) for child in value):
            sha.update(f"values {json.dumps(value)}\n".encode())
            return
        sha.update(f"sequence {len(value)}\n".encode())
        for child in value:
            _add(sha, child)
    elif hasattr(value, "untyped_storage"):  # a tensor, without importing torch
        sha.update(f"tensor {value.dtype} {list(value.shape)}\n".encode())
        sha.update(memoryview(_bytes(value)))
    else:
        sha.update(f"value {json.dumps(value)}\n".encode())


def _bytes(tensor: Any) -> Any:
    import torch

    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
