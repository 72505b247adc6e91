"""Reading results from your own code: `import lottery` offers these, imported on first use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from lottery import artifacts, config
from lottery.errors import LotteryError
from lottery.pruning import weights
from lottery.pruning.mask import Mask


def load_config(*files: str | Path) -> config.Config:
    """`config.yaml` with its overlays, typed and checked; of two files the later one wins.

    Raises: LotteryError naming each file and key that is wrong.
    """
    return config.load(list(files))


def load_header(path: str | Path) -> dict[str, Any]:
    """What a `.pt` file is and what it was made from: its spec, inputs, versions, device.

    Raises: LotteryError if it is absent, damaged or foreign.
    """
    header, _ = artifacts.read(path)
    return header


def load_mask(path: str | Path) -> Mask:
    """A `mask.pt`; `Mask.layers()` gives a bool tensor for each pruned parameter, True where kept.

    Raises: LotteryError if it is absent, damaged or something else.
    """
    return Mask.unpack(_payload(path, "mask"))


def load_weights(path: str | Path) -> Mapping[str, Tensor]:
    """A `state_dict`, float32 on the CPU: W* of a `weights.pt`, or W_k of a file in `early/`.

    Pruned weights of W* are zero; W_k is the whole network's.

    Raises: LotteryError if it is absent, damaged or something else.
    """
    payload = _payload(path, "weights", "early")
    return payload["model"] if "model" in payload else weights.unpack(payload)


def _payload(path: str | Path, *kinds: str) -> dict[str, Any]:
    header, payload = artifacts.read(path)
    if header.get("what") not in kinds:
        raise LotteryError(f"{path}: holds {header.get('what')!r}, expected {' or '.join(kinds)}")
    return payload
