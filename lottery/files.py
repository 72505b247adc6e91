"""Files that are either whole or absent."""

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a temporary neighbour of `path` for writing; move it there once it is on the disk.

    Whatever goes wrong (an exception, a full disk, SIGTERM as SystemExit), an earlier file at
    `path` stays as it was and the temporary one is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    host = platform.node().split(".")[0]
    for other in path.parent.glob(f".{path.name}.{host}.*.tmp"):
        number = other.suffixes[-2][1:]
        if number.isdigit() and not alive(int(number)):
            other.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{host}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:  # a failed write does not name the file
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)


def writable(folder: Path) -> bool:
    """Whether a file can be made in a folder, or in the nearest above it that exists."""
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def alive(process: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
