"""What a stage says while it works: lines on standard error."""

import contextlib
import os
import re
import sys
from collections.abc import Sequence

SHOWN = 3
"""Most things of a kind that a line names."""
FAILED = "failed"
ENDS = {1: "error", os.EX_TEMPFAIL: "unfinished"}
"""The word for a stage's end with this status; for any other it is `FAILED`."""
LAST_WORDS = re.compile(rf"lottery [\w-]+: ({'|'.join([FAILED, *ENDS.values()])}): ")


def speaks() -> bool:
    """Whether this process logs; of a training's processes only one does."""
    return os.environ.get("RANK", "0") == "0"


def log(message: str) -> None:
    """Write a line to standard error; a closed pipe is ignored and the work continues."""
    if not speaks():
        return
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{printable(message)}\n")  # at once: loaders log from threads
        sys.stderr.flush()


def printable(text: str) -> str:
    r"""Text with non-UTF-8 bytes of file names as `\xe9`, which bash's $'...' reads back."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def last_words(stage: str, message: str, status: int) -> str:
    """The last line of a stage that ends without its result."""
    return printable(f"lottery {stage}: {ENDS.get(status, FAILED)}: {message}")


def ending(line: str) -> str | None:
    """The word for its end in a stage's last line; None if the line is none.

    An `error` would come again; after `unfinished` the stage goes on when it is run again.
    """
    found = LAST_WORDS.match(line)
    return found and found[1]


def some(words: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def duration(hours: float) -> str:
    """A time, in the unit that suits it."""
    if hours >= 48:
        return f"{hours / 24:,.1f} days"
    if hours >= 1:
        return f"{hours:.1f} hours"
    return f"{60 * hours:.1f} minutes"
