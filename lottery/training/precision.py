"""The precision of convolutions and matrix products; weights are always float32."""

import contextlib
from contextlib import AbstractContextManager

import torch

from lottery import hardware
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.specs import Precision


def choose(asked: Precision, device: torch.device) -> Precision:
    """Resolve `auto` for this device, and switch TF32 on or off explicitly.

    On a CPU `auto` is float32, so that a precision does not depend on the processor; one that is
    not known to have bfloat16 is told, if that is asked for.

    Raises: LotteryError if the device does not support it.
    """
    gpu = device.type == "cuda"
    has_bfloat16 = gpu and torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "auto":
        asked = "bfloat16" if has_bfloat16 else "float32"
    if asked == "tf32" and not gpu:
        raise LotteryError("precision: tf32 exists on GPUs only; this training is on the CPU")
    if asked == "bfloat16" and gpu and not has_bfloat16:
        name = torch.cuda.get_device_name(device)
        raise LotteryError(f"precision: {name} has no bfloat16; choose tf32 or float32")
    if asked == "bfloat16" and not gpu and not hardware.has_bfloat16():
        log(
            "warning: precision: this processor is not known to have bfloat16, nor to be fast in it"
        )
    torch.backends.cudnn.allow_tf32 = asked == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = asked == "tf32"
    return asked


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[None]:
    """Around the forward pass: torch's autocast for bfloat16, nothing for the others."""
    if precision != "bfloat16":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
