"""Imported tickets as they lie in `results/imported/`, one file each."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lottery import artifacts, models
from lottery.errors import LotteryError, reason
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, ImportSpec

Ticket = tuple[Mask, dict[str, Tensor]]
"""A mask, and the whole `state_dict` with the pruned weights."""


def packed(mask: Mask, state: dict[str, Tensor]) -> dict[str, Any]:
    """The payload of such a file."""
    return {"mask": mask.packed(), "model": state}


def load(path: str, spec: ImportSpec) -> Ticket:
    """The ticket that was imported by `spec`.

    Raises: LotteryError if it is absent, damaged or another one.
    """
    payload = artifacts.load(path, "imported", spec, "mask", "model")
    try:
        return unpack(payload, spec.architecture)
    except LotteryError as error:
        raise LotteryError(f"{path}: {error}") from None


def unpack(payload: Mapping[str, Any], architecture: Architecture) -> Ticket:
    """From the payload of such a file.

    Raises: LotteryError if the mask is damaged or of another architecture.
    """
    mask = Mask.unpack(payload["mask"])
    mask.check_fits(prunable(models.skeleton(architecture)))
    return mask, dict(payload["model"])


def begin(model: nn.Module, state: Mapping[str, Tensor], keep_head: bool) -> None:
    """Set a network to these weights, bit for bit; its last layer only with `keep_head`.

    Raises: LotteryError if the weights are of another network.
    """
    own, head = model.state_dict(), models.head(model)
    drawn = () if keep_head else (f"{head}.weight", f"{head}.bias")
    given = {name: own[name] if name in drawn else value for name, value in state.items()}
    try:
        with torch.no_grad():
            model.load_state_dict(given)
    except (RuntimeError, KeyError) as error:
        raise LotteryError(f"weights of another architecture: {reason(error, -1)}") from None
