"""What a machine has, told without torch."""

from pathlib import Path

DRIVER = Path("/dev/nvidiactl")
"""Exists if the machine has an NVIDIA GPU."""
PROCESSOR = Path("/proc/cpuinfo")
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux says of a processor that multiplies bfloat16 numbers: Intel's and AMD's, and Arm's."""


def has_gpu() -> bool:
    """Whether this machine has one, if torch can use it or not."""
    return DRIVER.exists()


def has_bfloat16() -> bool:
    """Whether the processor is known to multiply bfloat16 numbers: whether Linux says so."""
    try:
        said = PROCESSOR.read_text()
    except OSError:
        return False
    return not BFLOAT16.isdisjoint(said.split())
