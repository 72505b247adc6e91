"""Command `pack`: a figure with all that it was made from, as one zip. Needs no torch."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lottery import paths
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.packs import crate, layout, texts
from lottery.packs.collect import Depth, Source, collect
from lottery.packs.write import Content, size, write

DRAWN = {".csv", ".pdf", ".png"}


def pack(
    figures: Sequence[str], source: Source, depth: Depth, configs: Sequence[str], out: str
) -> None:
    """Write the figures, named `fig1a`, and what they were made from, down to `depth`.

    `configs` are config.yaml and its overlays, which go into the pack as they are.

    Raises: LotteryError naming the first file that is missing or damaged.
    """
    collected = collect(source, figures, depth)
    contents: dict[str, Content] = dict(sorted(collected.files.items()))
    for config in configs:
        name = f"config/{Path(config).name}"
        if not Path(config).is_file():
            raise LotteryError(f"{config}: no such file; --config names config.yaml")
        if name in contents or layout.kind(name) is None:
            raise LotteryError(f"{config}: its name is another config's too, or not of a YAML file")
        contents[name] = Path(config)
    made, count = collected.created(), len(collected.files)
    contents[layout.README] = texts.readme(figures, source.scale, depth, made, count).encode()
    contents[layout.REQUIREMENTS] = texts.requirements().encode()
    sizes = {name: size(content) for name, content in contents.items()}
    title = f"{', '.join(figures)} ({source.scale} scale)"
    contents[layout.CRATE] = crate.metadata(collected, sizes, paths.results(source.scale), title)
    for name, content in contents.items():
        problem = layout.problem(name, size(content))
        if problem:
            raise LotteryError(f"{name}: cannot be packed: {problem}")
    whole = write(out, contents)
    log(f"packed {count:,} result files of {', '.join(figures)} into {out}: {whole / 1e6:,.1f} MB")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "figures",
        nargs="+",
        metavar="FIGURE",
        help="a figure's name (fig1a), or the path of its table, PDF or PNG",
    )
    parser.add_argument("-o", "--out", required=True, help="the pack (out, .zip)")
    parser.add_argument("--results", help="results folder of the scale (default: results)")
    parser.add_argument("--figures", dest="drawn", help="folder of its figures (default: beside)")
    parser.add_argument("--config", default="config.yaml", help="default: config.yaml")
    parser.add_argument("--configfile", nargs="+", default=[], help="overlays that were given")
    depth = parser.add_mutually_exclusive_group()
    for each, words in {
        Depth.NUMBERS: "tables and reports (the default)",
        Depth.TICKETS: "also masks, W_k, indices, natural sparsity",
        Depth.ALL: "also trained weights, reports on data sets, logs",
    }.items():
        depth.add_argument(
            f"--{each.name.lower()}", dest="depth", action="store_const", const=each, help=words
        )
    parser.set_defaults(depth=Depth.NUMBERS)


def run(args: argparse.Namespace) -> None:
    """The command."""
    given = [each for each in args.figures if Path(each).suffix in DRAWN]
    if args.results or args.drawn or not given:
        source = Source.of(args.results or "results", args.drawn)
    else:
        source = Source.beside(given[0])
    for path in given:
        folder = source.results / "tables" if path.endswith(".csv") else source.figures
        if Path(path).resolve().parent != folder.resolve():
            raise LotteryError(f"{path}: not in {folder}; a pack is of one scale")
    names = [Path(each).stem if each in given else each for each in args.figures]
    pack(
        list(dict.fromkeys(names)),
        source,
        args.depth,
        [args.config, *args.configfile],
        args.out,
    )
