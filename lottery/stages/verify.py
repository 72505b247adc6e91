"""Stage `verify`: whether results are what they say they are, for one who did not make them."""

import argparse
import sys
from typing import TYPE_CHECKING

from lottery.errors import LotteryError
from lottery.messages import some
from lottery.stages.command import data_option, device_option, positive
from lottery.verifying.book import counted
from lottery.verifying.check import verify

if TYPE_CHECKING:
    from lottery.stages.again import Again


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    parser.add_argument(
        "folder",
        nargs="?",
        default="results",
        metavar="DIR",
        help="results of one scale or of several (default: results)",
    )
    parser.add_argument(
        "--deep",
        type=positive,
        metavar="N",
        help="also train N updates of one training again, and compare",
    )
    parser.add_argument(
        "--training", metavar="FOLDER", help="which training (default: the first in DIR)"
    )
    data_option(parser)
    device_option(parser)


def run(args: argparse.Namespace) -> None:
    """Print a line for each ticket and seed, for dense networks, subsets, images and tables.

    Raises: LotteryError if anything is wrong, or if a training that is made again under the same
        circumstances comes out otherwise.
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
    if args.deep:
        from lottery.stages.again import again  # which imports all that trains

        _tell(again(args.folder, args.deep, args.training, args.data, args.device))


def _tell(found: "Again") -> None:
    """What came out of a training that was made again.

    Raises: LotteryError if it differs, and nothing can explain it.
    """
    updates = counted(found.updates, "update")
    if found.same:
        sys.stdout.write(f"{found.report}: {updates} again: the same bits: {some(found.same)}\n")
    for words in found.other:
        sys.stdout.write(f"{found.report}: {updates} again: {words}\n")
    if found.circumstances:
        sys.stdout.write(f"  made under other circumstances: {'; '.join(found.circumstances)}\n")
    sys.stdout.flush()
    if found.other and not found.circumstances:
        raise LotteryError(f"{found.report}: trained again, it comes out otherwise")
