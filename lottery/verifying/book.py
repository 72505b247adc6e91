"""What was found: by ticket and seed, and by kind."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lottery.errors import LotteryError
from lottery.messages import printable
from lottery.verifying.folder import File

LONGEST = 500
"""Characters of a line; a hostile file could make it any length."""


class Unchecked(str):
    """What could not be checked, which is no mistake."""


@dataclass
class Group:
    """The files that one line is about."""

    files: int = 0
    wrong: dict[str, None] = field(default_factory=dict)
    """Lines, each once and in order."""
    unchecked: dict[str, None] = field(default_factory=dict)
    adopted: Counter[str] = field(default_factory=Counter)
    """How many of them were adopted under other code, by the reason."""


class Book:
    """Mistakes by group, in the order in which the groups were opened."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self._wrong: set[str] = set()

    def open(self, file: File) -> None:
        """One more file of its group."""
        self.groups.setdefault(file.group, Group()).files += 1

    def write(self, file: File, words: str) -> None:
        """What is wrong with a file, or could not be checked, in words."""
        group = self.groups[file.group]
        line = words if words.startswith(f"{file.path}: ") else f"{file.path}: {words}"
        if isinstance(words, Unchecked):
            group.unchecked[_one_line(line)] = None
            return
        group.wrong[_one_line(line)] = None
        self._wrong.add(file.path)

    def adopt(self, file: File, reasons: Iterable[str]) -> None:
        """A file counts as made by other code than it was, as its header says."""
        self.groups[file.group].adopted.update(set(reasons))

    @contextlib.contextmanager
    def noting(self, file: File) -> Iterator[None]:
        """A check of a file: whatever it raises is what is wrong with the file.

        A file whose seal was made anew can hold anything, so that anything can be raised.
        """
        try:
            yield
        except LotteryError as error:
            self.write(file, str(error))
        except Exception as error:
            self.write(file, f"damaged: {type(error).__name__}: {error}")

    @property
    def files(self) -> int:
        """How many there are."""
        return sum(group.files for group in self.groups.values())

    @property
    def wrong(self) -> int:
        """How many files something is wrong with."""
        return len(self._wrong)

    def lines(self) -> Iterator[str]:
        """A line for each group: `ok`, or the mistakes below it."""
        for name, group in self.groups.items():
            if group.wrong:
                yield _one_line(f"{name}: wrong")
                yield from (f"  {line}" for line in group.wrong)
            else:
                yield _one_line(f"{name}: ok, {counted(group.files, 'file')}")
            yield from (f"  not checked: {line}" for line in group.unchecked)
            for reason, count in group.adopted.items():
                yield _one_line(f"  adopted: {counted(count, 'file')}: {reason}")


def counted(count: int, noun: str) -> str:
    """`1 file`, `1,234 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _one_line(text: str) -> str:
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], printable(text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
