"""What a machine has, told without torch."""

from pathlib import Path

DRIVER = Path("/dev/nvidiactl")
"""Exists if the machine has an NVIDIA GPU."""


def has_gpu() -> bool:
    """Whether this machine has one, if torch can use it or not."""
    return DRIVER.exists()
