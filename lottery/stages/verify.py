"""Stage `verify`: whether results are what they say they are, for one who did not make them."""

import argparse
import sys

from lottery.errors import LotteryError
from lottery.verifying.book import counted
from lottery.verifying.check import verify


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    parser.add_argument(
        "folder",
        nargs="?",
        default="results",
        metavar="DIR",
        help="results of one scale or of several (default: results)",
    )


def run(args: argparse.Namespace) -> None:
    """Print a line for each ticket and seed, for dense networks, subsets, images and tables.

    Raises: LotteryError if anything is wrong.
    """
    book, absent = verify(args.folder)
    for line in book.lines():
        sys.stdout.write(f"{line}\n")
    files = counted(book.files, "file")
    if absent:
        others = counted(absent, "file")
        sys.stdout.write(f"not checked: {others} that results were made from, not there\n")
    if not book.wrong:
        sys.stdout.write(f"{args.folder}: {files}, nothing is wrong\n")
    sys.stdout.flush()
    if book.wrong:
        raise LotteryError(f"{args.folder}: {book.wrong} of {files} wrong")
