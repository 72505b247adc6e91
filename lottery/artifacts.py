"""Self-describing .pt files: a header and tensors, loaded as data and never as code."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from lottery import files, records
from lottery.errors import LotteryError
from lottery.specs import Spec


def save(path: str | Path, header: dict[str, Any], payload: dict[str, Any]) -> None:
    """Write header and payload (tensors and plain values) atomically."""
    buffer = io.BytesIO()  # written directly, a full disk is "unexpected pos" to torch
    torch.save({"header": header, "payload": payload}, buffer)
    with files.atomic(path) as handle:
        handle.write(buffer.getbuffer())


def load(path: str | Path, what: str, expected: Spec, *keys: str) -> dict[str, Any]:
    """The payload of an artifact that is a `what` made by `expected` and holds `keys`.

    Raises: LotteryError if the file is absent, truncated, foreign, or of another chain.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror or error}") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        if reason.startswith("Weights only load failed"):  # torch goes on with advice to trust it
            reason = "it holds more than tensors and plain values"
        raise LotteryError(
            f"{path}: not a readable artifact (truncated or foreign): {reason}"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("payload"), dict):
        raise LotteryError(f"{path}: not an artifact of this pipeline: it has no payload")
    records.check(path, content.get("header"), what, expected)
    for key in keys:
        if key not in content["payload"]:
            raise LotteryError(f"{path}: damaged: it holds no {key!r}")
    return content["payload"]
