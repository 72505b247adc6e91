"""Command `status`: what of each figure and ticket is there, missing, stale, or made by others."""

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any

from lottery import origin, plan, truth
from lottery.plan import Result

REASONS = 2
"""Reasons that are told for a ticket, of those that differ."""


def status(figures: Sequence[str], configs: Sequence[str], as_json: bool = False) -> str:
    """A table in words, or the same as JSON: a list of figures, each with what it needs.

    Raises: LotteryError if the config is wrong or no such figure exists.
    """
    targets = [plan.drawing(figure, configs) for figure in figures]
    results = plan.planned(targets, configs)
    names = dict.fromkeys(name for result in results for name in result.figures)
    told = [_figure(name, [r for r in results if name in r.figures]) for name in names]
    return json.dumps(told, indent=1) if as_json else "\n".join(_lines(told))


def _figure(name: str, results: list[Result]) -> dict[str, Any]:
    places = dict.fromkeys(result.of for result in results if result.of)
    parts = [{"of": of, **_counted(r for r in results if r.of == of)} for of in places]
    return {"figure": name, **_counted(results), "parts": parts}


def _counted(results: Iterable[Result]) -> dict[str, Any]:
    """How many results are there and stay, are to be made, or made again and why."""
    there = missing = stale = others = 0
    reasons: dict[str, None] = {}
    for result in results:
        if not result.there:
            missing += result.runs  # what nothing asks for is not missed
            continue
        there += not result.runs
        stale += result.runs
        about = truth.header(result.path)
        others += about is not None and about.get("maker") not in (None, origin.maker())
        if result.stale:
            reasons[result.stale.split(": ", 1)[-1]] = None
    return {
        "there": there,
        "missing": missing,
        "stale": stale,
        "by_others": others,
        "reasons": list(reasons),
    }


def _lines(told: list[dict[str, Any]]) -> Iterable[str]:
    names = [each["of"] for figure in told for each in figure["parts"]]
    width = max(map(len, [*names, *(figure["figure"] for figure in told)]), default=0) + 4
    for figure in told:
        yield f"{figure['figure']:<{width}}{_words(figure)}"
        for part in figure["parts"]:
            reasons = "; ".join(part["reasons"][:REASONS])
            yield f"  {part['of']:<{width - 2}}{_words(part)}{reasons and f': {reasons}'}"


def _words(counts: dict[str, Any]) -> str:
    words = [f"{counts['there']} there"]
    for key in ("missing", "stale", "by_others"):
        if counts[key]:
            words.append(f"{counts[key]} {key.replace('_', ' ')}")
    return ", ".join(words)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="name or file (default: all)")
    plan.config_option(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> None:
    """The command."""
    print(status(args.figures, args.configfile, args.json))
