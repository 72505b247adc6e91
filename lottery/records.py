"""The header that makes an artifact self-describing, and reports: JSON files that carry one."""

import json
import platform
import resource
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import lottery
from lottery import files
from lottery.errors import LotteryError
from lottery.specs import Spec, differences

FORMAT = 1
LISTED = 6
"""Most keys that a message lists of those in which two specs differ."""


class Stopwatch:
    """Seconds since its creation, for the duration in a header."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> float:
        """Elapsed wall time."""
        return round(time.monotonic() - self._start, 3)


class Input(NamedTuple):
    """An input file of a stage."""

    path: str
    sha256: str
    """Of its bytes, hexadecimal."""


def digests(paths: Mapping[str, str | Path | None]) -> dict[str, Input]:
    """A stage's input files by name, for its header; a stage does it once. None is no file."""
    return {
        name: Input(str(path), files.digest(path))
        for name, path in paths.items()
        if path is not None
    }


def header(
    what: str,
    spec: Spec,
    inputs: Mapping[str, Input],
    stopwatch: Stopwatch,
    device: str = "cpu",
    threads: int | None = None,
) -> dict[str, Any]:
    """What this artifact is, what it was made from, with which versions, and how long that took.

    `threads` are the CPU threads of a training's process: another number of them sums in another
    order, and a training on a CPU ends with other weights.
    """
    return {
        "what": what,
        "format": FORMAT,
        "spec": json.loads(spec.model_dump_json()),
        "inputs": {name: file._asdict() for name, file in inputs.items()},
        "versions": _versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": stopwatch.seconds(),
        "memory_mb": _peak_memory_mb(),
        "device": device,
        **({} if threads is None else {"threads": threads}),
    }


def also(header: dict[str, Any], what: str, spec: Spec) -> dict[str, Any]:
    """The header of another artifact that the same stage has made."""
    return {**header, "what": what, "spec": json.loads(spec.model_dump_json())}


def check(path: str | Path, found: Any, what: str, expected: Spec) -> None:
    """Refuse an artifact of another kind, or one made by another spec than its own chain's.

    Raises: LotteryError naming the file and each key in which it differs.
    """
    if not isinstance(found, dict) or not {"what", "format", "spec"} <= found.keys():
        raise LotteryError(f"{path}: not an artifact of this pipeline: it has no header")
    if found["what"] != what or found["format"] != FORMAT:
        raise LotteryError(
            f"{path}: holds {found['what']!r} (format {found['format']}), "
            f"expected {what!r} (format {FORMAT})"
        )
    wrong = differences(expected, found["spec"])
    if wrong:
        keys = "; ".join(wrong[:LISTED])
        if len(wrong) > LISTED:
            keys += f"; and {len(wrong) - LISTED} more keys"
        raise LotteryError(
            f"{path}: made by another chain than this stage's own: {keys}. Delete it or let "
            "snakemake remake it."
        )


def write_report(path: str | Path, header: dict[str, Any], result: dict[str, Any]) -> None:
    """Write a header and a stage's results as JSON, atomically."""
    with files.atomic(path) as handle:
        handle.write(json.dumps({**header, "result": result}, indent=1).encode() + b"\n")


def read_report(path: str | Path, what: str, expected: Spec) -> dict[str, Any]:
    """A report (header and `result`) that was made by `expected`.

    Raises: LotteryError if the file is absent, cut short, or made by another spec.
    """
    try:
        found = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise LotteryError(f"{path}: not a readable report: {error}") from None
    check(path, found, what, expected)
    if not isinstance(found.get("result"), dict):
        raise LotteryError(f"{path}: the report holds no result")
    return found


def _peak_memory_mb() -> int:
    """The most main memory that this process has held so far, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1e6 if sys.platform == "darwin" else 1e3))  # in bytes on macOS


def _versions() -> dict[str, str]:
    versions = {"lottery": lottery.__version__, "python": platform.python_version()}
    for package in ("torch", "torchvision", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
