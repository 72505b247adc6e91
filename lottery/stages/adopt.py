"""Command `adopt`: accept results under the present code, where a change of it does not matter."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lottery import headers, origin, plan, records
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.plan import Result


def adopt(
    accepted: Sequence[str], because: str, figures: Sequence[str], configs: Sequence[str]
) -> int:
    """Have the results at these paths, files or folders, count as made by the present code.

    Each keeps in its header by which code it was made, who adopted it, when and why. Of results
    that differ in more than their code none is touched. Returns how many were adopted.

    Raises: LotteryError if one of them was made by another config, is damaged, or is of no figure.
    """
    targets = [plan.drawing(figure, configs) for figure in figures]
    known = {Path(result.path).resolve(): result for result in plan.planned(targets, configs)}
    chosen = [result for path, result in known.items() if _below(path, accepted) and result.there]
    chosen = [result for result in chosen if result.what != "figure"]  # which is drawn again
    if not chosen:
        raise LotteryError(f"{', '.join(accepted)}: no figure needs a result there")
    old = [each for each in chosen if headers.read(each.path)["codes"] != each.codes]
    others = [each.stale for each in chosen if each.stale and "code of " not in each.stale]
    if others:
        raise LotteryError(f"{others[0]}: only other code can be adopted")
    for each in old:
        _rewrite(each, because)
    log(f"adopted {len(old)} results of {len(chosen)}: {because}")
    return len(old)


def _below(path: Path, accepted: Sequence[str]) -> bool:
    return any(path.is_relative_to(Path(each).resolve()) for each in accepted)


def _rewrite(result: Result, because: str) -> None:
    """Write the file anew with the present code in its header, and with its content as it was."""
    header = headers.read(result.path)
    entry = {
        "codes": header["codes"],
        "because": because,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": origin.maker(),
    }
    changed = {
        **{key: value for key, value in header.items() if key not in ("seal", "digest", "whole")},
        "codes": result.codes,
        "modules": result.modules,
        "adopted": [*header.get("adopted", []), entry],
    }
    suffix = Path(result.path).suffix
    if suffix == ".json":
        records.write_report(result.path, changed, records.report(result.path)["result"])
    else:
        from lottery import artifacts  # which imports torch

        artifacts.save(result.path, changed, artifacts.read(result.path)[1])


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="results, or folders of them")
    parser.add_argument("--because", required=True, help="why the change of code does not matter")
    parser.add_argument(
        "--figure", nargs="+", default=[], help="figures they are for (default: all)"
    )
    plan.config_option(parser)


def run(args: argparse.Namespace) -> None:
    """The command."""
    adopt(args.paths, args.because, args.figure, args.configfile)
