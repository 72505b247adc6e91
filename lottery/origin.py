"""Where a result comes from: the code's revision, the packages, the machine and its user."""

import functools
import getpass
import hashlib
import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import lottery

ROOT = Path(__file__).parent.parent
PACKAGES = ("torch", "torchvision", "nvidia-dali-cuda130", "numpy", "pillow", "scipy", "pandas")


@functools.cache
def revision() -> str:
    """The commit of this project, with `+` where files differ from it; empty outside git."""
    call = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(
            call, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@functools.cache
def versions() -> dict[str, str]:
    """Of this package, of Python, and of those packages that make numbers."""
    found = {"lottery": lottery.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@functools.cache
def machine() -> str:
    """Processor and system; the device of a training stands beside it."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return f"{next(named, processor)}, {platform.system()} {platform.machine()}"


@functools.cache
def maker() -> str:
    """12 hexadecimal digits that stand for this user on this machine in this clone.

    They tell whose results are whose, and no name.
    """
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user without an entry
        user = str(os.getuid())
    who = f"{user}@{platform.node()}:{ROOT}"
    return hashlib.sha256(who.encode()).hexdigest()[:12]


def peak_memory_mb() -> int:
    """The most main memory that this process has held so far, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1e6 if sys.platform == "darwin" else 1e3))  # in bytes on macOS
