"""Command `redraw`: the figures of packs, drawn by the present code from the tables beside them.

A figure's spec is in its PNG, so that neither a config nor what the table was made from is needed.
"""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

from lottery import headers
from lottery.figure_specs import PlotSpec
from lottery.specs import parse_in
from lottery.stages.plot import plot
from lottery.stages.unpack import size_option, unpack


def redraw(packs: Sequence[str], into: str, most_gb: float) -> None:
    """Unpack each into a folder of its own name in `into`, and draw its figures in that folder.

    Those that came in the pack stay where they are, to be compared.

    Raises: LotteryError if a pack or a table in it is damaged, or files with other content are
        there already; see `lottery.stages.unpack`.
    """
    for pack in packs:
        folder = Path(into, Path(pack).stem)
        folder.mkdir(parents=True, exist_ok=True)
        unpack(pack, str(folder), most_gb)
        with contextlib.chdir(folder):
            for drawn in sorted(Path("figures").rglob("*.png")):
                header = headers.read(drawn)
                spec = parse_in(PlotSpec, header)
                table = header["inputs"]["table"]["path"]
                plot(spec, table, [f"{drawn.stem}.pdf", f"{drawn.stem}.png"])


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("packs", nargs="+", metavar="PACK", help="packs (in, .zip)")
    parser.add_argument("--into", default="redrawn", help="folder of folders (default: redrawn)")
    size_option(parser)


def run(args: argparse.Namespace) -> None:
    """The command."""
    redraw(args.packs, args.into, args.most_gb)
