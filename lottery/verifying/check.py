"""Reads a results folder from end to end, each file once."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from lottery.verifying import data, imports, masks, networks, origins, places, tables, trainings
from lottery.verifying.book import Book
from lottery.verifying.contents import Result, read
from lottery.verifying.folder import File, listed
from lottery.verifying.known import Known

Check = Callable[[Result, Known], Iterator[str]]

CHECKS: dict[str, Check] = {
    "images": data.images,
    "subset": data.subset,
    "weights": networks.weights,
    "early": networks.early,
    "mask": masks.check,
    "imported": imports.check,
    "generation": trainings.training,
    "evaluation": trainings.training,
    "sparsity": trainings.sparsity,
    "table": tables.check,
}
"""By what a file holds; each yields what is wrong, or `Unchecked`."""
READERS = min(4, os.cpu_count() or 1)
"""Files that are read and hashed at a time: enough that a disk need not wait for a processor."""


class Verified(NamedTuple):
    """The outcome for a folder."""

    book: Book
    absent: int
    """Files that others were made from, and that are not there."""


def verify(folder: str | Path) -> Verified:
    """Check all results in a folder against each other.

    Raises: LotteryError if the folder is absent or holds no results; what is wrong with the
        results is in the book, and nothing in a file raises.
    """
    files = listed(folder)
    book, known = Book(), Known()
    size = sum(file.size for file in files)
    silent = not sys.stderr.isatty()
    with tqdm(total=size, unit="B", unit_scale=True, disable=silent, leave=False) as bar:
        for file, outcome in _ahead(files):
            book.open(file)
            with book.noting(file):
                _check(outcome.result(), known, book)
            bar.update(file.size)
    masks.compare(known, book)
    return Verified(book, origins.compare(known, book))


def _check(result: Result, known: Known, book: Book) -> None:
    """A file in its wrong place is not held against those around it."""
    known.digests[result.file.path] = result.header["digest"]
    book.adopt(result.file, (str(each["because"]) for each in result.header.get("adopted", ())))
    places.check(result)
    known.made.append(origins.made(result))
    if result.what in ("generation", "evaluation", "sparsity"):
        tables.keep(result, known)
    for check in (CHECKS[result.what], origins.check, origins.chains):
        with book.noting(result.file):
            for words in check(result, known):
                book.write(result.file, words)


def _ahead(files: Iterable[File]) -> Iterator[tuple[File, Future[Result]]]:
    """Each file and its content, or what it raised, in order; the next ones are being read."""
    waiting: deque[tuple[File, Future[Result]]] = deque()
    with ThreadPoolExecutor(READERS) as pool:
        for file in files:
            waiting.append((file, pool.submit(read, file)))
            if len(waiting) > READERS:
                yield waiting.popleft()
        yield from waiting
