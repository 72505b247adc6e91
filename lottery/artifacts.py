"""Self-describing .pt files: a header and tensors, loaded as data and never as code."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from lottery import files, headers, records
from lottery.errors import LotteryError, reason
from lottery.records import Input
from lottery.specs import Spec


def save(path: str | Path, header: dict[str, Any], payload: dict[str, Any]) -> None:
    """Write header and payload (tensors and plain values) atomically."""
    buffer = io.BytesIO()  # torch itself reports a full disk as "unexpected pos"
    torch.save({"header": records.sealed(header, payload), "payload": payload}, buffer)
    with files.atomic(path) as handle:
        handle.write(buffer.getbuffer())


def load(path: str | Path, what: str, expected: Spec, *keys: str) -> dict[str, Any]:
    """The payload of an artifact that is a `what` made by `expected` and holds `keys`.

    Raises: LotteryError if the file is absent, truncated, damaged, edited, foreign, or of another
        chain.
    """
    header, payload = read(path)
    records.check(path, header, what, expected)
    for key in keys:
        if key not in payload:
            raise LotteryError(f"{path}: damaged: it holds no {key!r}")
    return payload


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of an artifact, whatever it is.

    Raises: LotteryError if the file is absent, truncated, damaged, edited or foreign.
    """
    content = _content(path)
    for part in ("header", "payload"):
        if not isinstance(content, dict) or not isinstance(content.get(part), dict):
            raise LotteryError(f"{path}: not an artifact of this pipeline: it has no {part}")
    header, payload = content["header"], content["payload"]
    records.check_header(path, header)
    records.check_content(path, header, payload)
    return header, payload


def sources(paths: Mapping[str, str | Path | None]) -> dict[str, Input]:
    """A stage's input files by name, for its header. None is no file."""
    return {
        name: Input.of(path, headers.read(path)) for name, path in paths.items() if path is not None
    }


def _content(path: str | Path) -> Any:
    """The content of a file, which is read once: its digest is that of what was loaded."""
    try:
        with open(path, "rb") as handle:
            return torch.load(handle, map_location="cpu", weights_only=True)
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make torch raise anything
        raise LotteryError(
            f"{path}: not a readable artifact (truncated or foreign): {reason(error)}"
        ) from None
