"""Trained weights on disk: of the prunable weights only the remaining ones are stored."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lottery.pruning.mask import Mask


def pack(state: Mapping[str, Tensor], mask: Mask) -> dict[str, Any]:
    """A network's `state_dict` under a mask, its pruned weights being zero; see `unpack`."""
    prunable = {name: state[name] for name in mask.shapes}
    rest = {name: value for name, value in state.items() if name not in prunable}
    return {"mask": mask.packed(), "values": mask.compress(prunable), "rest": rest}


def prunable(payload: Mapping[str, Any]) -> dict[str, Tensor]:
    """The prunable weights, in the network's order; pruned ones are zero.

    Raises: LotteryError if the payload is damaged.
    """
    return Mask.unpack(payload["mask"]).expand(payload["values"])


def unpack(payload: Mapping[str, Any]) -> dict[str, Tensor]:
    """The whole `state_dict`, for `load_state_dict`.

    Raises: LotteryError if the payload is damaged.
    """
    return {**prunable(payload), **payload["rest"]}
