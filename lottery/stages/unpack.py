"""Command `unpack`: check a pack, of whatever origin, and merge it into this project."""

import argparse
from pathlib import Path

from lottery.errors import LotteryError
from lottery.messages import log
from lottery.packs import merge, read, verify
from lottery.packs.write import check_room


def unpack(pack: str, into: str, most_gb: float) -> None:
    """Write those files of a pack that are not in the project `into` yet, once all are checked.

    Raises: LotteryError if the pack is damaged, hostile or too large, or if a file is there already
        with other content. Then nothing has been written.
    """
    name, root = Path(pack).stem, Path(into).resolve()
    if not root.is_dir():
        raise LotteryError(f"{into}: no such folder")
    if name.startswith(".") or not name.isprintable():
        raise LotteryError(f"{pack}: its name would be that of a folder in {merge.KEPT}: rename it")
    with read.opened(pack, most_gb * 1e9) as found:
        targets = {entry: merge.target(entry, name) for entry in found.entries}
        for goal in targets.values():
            merge.check_place(root, goal)
        check_room(root / "results", found.size())
        with merge.staging(root, name) as folder:
            found.extract(folder)
            try:
                headers = verify.verified(folder, found.entries)
                new = merge.absent(folder, targets, headers, root)
            except LotteryError as error:
                raise LotteryError(f"{pack}: {error}") from None
            merge.move(folder, {entry: targets[entry] for entry in new}, root)
    there = len(targets) - len(new)
    log(f"unpacked {pack} into {root}: {len(new):,} files new, {there:,} already there")
    log(f"its configuration and manifest: {merge.KEPT}/{name}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("pack", metavar="PACK", help="the pack (in, .zip)")
    parser.add_argument("--into", default=".", help="folder of the project (default: this one)")
    size_option(parser)


def size_option(parser: argparse.ArgumentParser) -> None:
    """`--most-gb`, for whatever unpacks."""
    parser.add_argument(
        "--most-gb", type=float, default=100.0, help="refuse more than this (default 100)"
    )


def run(args: argparse.Namespace) -> None:
    """The command."""
    unpack(args.pack, args.into, args.most_gb)
