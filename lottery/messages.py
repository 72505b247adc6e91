"""What a stage says while it works: lines on standard error."""

import contextlib
import os
import sys


def speaks() -> bool:
    """Whether this is the one process of its training that says what happens."""
    return os.environ.get("RANK", "0") == "0"


def log(message: str) -> None:
    """One line to standard error; if nobody reads it any more, the work goes on."""
    if not speaks():
        return
    with contextlib.suppress(BrokenPipeError):
        print(printable(message), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    r"""With bytes of file names that are not UTF-8 as `\xe9`, which bash's $'...' reads back."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")
