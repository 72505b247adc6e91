"""Stage `arrange`: a downloaded data set offered as train/CLASS/IMAGE and val/CLASS/IMAGE."""

import argparse
import math
from pathlib import Path

import yaml

from lottery.data.arrange import tree
from lottery.data.arrange.layouts import LAYOUTS
from lottery.messages import log


def arrange(layout: str, source: str, to: str, listed: str | None = None) -> None:
    """Link a download's images, after all of it is checked; say what the config is to name."""
    tree.check_free(Path(to))  # before a million files are looked at
    plan = LAYOUTS[layout](Path(source), None if listed is None else Path(listed))
    tree.make(plan, Path(to))
    train, val = (
        sum(len(members.names) for members in split.values()) for split in (plan.train, plan.val)
    )
    log(
        f"{to}: {len(plan.train):,} classes, {train:,} train and {val:,} val images ({plan.listed})"
    )
    entry = {"format": "folder", "root": to, "test": "val"}
    words = yaml.safe_dump(
        {**entry, "classes": len(plan.train), "train_images": train},
        sort_keys=False,
        default_flow_style=True,
        width=math.inf,
        allow_unicode=True,
    )
    log(f"datasets.{layout}: {words.strip()}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What was downloaded and where its links go."""
    parser.add_argument(
        "layout", choices=LAYOUTS, metavar="LAYOUT", help=f"of the download: {', '.join(LAYOUTS)}"
    )
    parser.add_argument("source", metavar="FROM", help="folder of the download (in)")
    parser.add_argument("to", metavar="TO", help="folder of the links, new or empty (out)")
    parser.add_argument(
        "--list",
        dest="listed",
        metavar="FILE",
        help="list of the validation images and their classes (default: looked for in FROM, "
        "FROM/val and beside FROM)",
    )


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    arrange(args.layout, args.source, args.to, args.listed)
