"""Command `status`: what of each figure and ticket is there, runs, failed, is missing or stale."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lottery import origin, plan, truth
from lottery.campaign import forecast, live
from lottery.campaign.forecast import Reports
from lottery.campaign.pace import Pace
from lottery.messages import duration
from lottery.plan import Result
from lottery.stages.command import positive

REASONS = 2
"""Reasons that are told for a ticket, of those that differ."""
LATEST = 4
"""Running or failed jobs that are told for a ticket."""
CLEAR = "\033[H\033[J"
"""Clears a terminal."""


class Now(NamedTuple):
    """A result at this moment."""

    result: Result
    running: live.Running | None
    failure: str | None
    """Why the job that makes it has failed, by its log."""


def now(results: Iterable[Result]) -> Iterator[Now]:
    """What the jobs of results do that are to be made."""
    for result in results:
        running = failure = None
        if result.runs and result.is_training:
            running = live.running(result.path, result.log)
        if result.runs and running is None and result.log:
            failure = live.failure(result.log)
        yield Now(result, running, failure)


def status(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Of each figure in a plan, counts and what its jobs do, the same of each ticket in it."""
    reports = forecast.reports(results)
    pace = forecast.pace(results, reports, None)
    moments = list(now(results))
    names = dict.fromkeys(name for result in results for name in result.figures)
    return [
        _figure(name, [m for m in moments if name in m.result.figures], pace, reports)
        for name in names
    ]


def _figure(name: str, moments: list[Now], pace: Pace, reports: Reports) -> dict[str, Any]:
    places = dict.fromkeys(moment.result.of for moment in moments if moment.result.of)
    parts = [
        {"of": of, **_counted([m for m in moments if m.result.of == of], pace, reports)}
        for of in places
    ]
    return {"figure": name, **_counted(moments, pace, reports), "parts": parts}


def _counted(moments: Sequence[Now], pace: Pace, reports: Reports) -> dict[str, Any]:
    """How many results are there and stay, are to be made, or made again and why."""
    there = missing = stale = others = 0
    reasons: dict[str, None] = {}
    for result in (moment.result for moment in moments):
        if not result.there:
            missing += result.runs  # what nothing asks for is not missed
            continue
        there += not result.runs
        stale += result.runs
        about = truth.header(result.path)
        others += about is not None and about.get("maker") not in (None, origin.maker())
        if result.stale:
            reasons[result.stale.split(": ", 1)[-1]] = None
    cost = forecast.cost((moment.result for moment in moments), pace, reports)
    return {
        "there": there,
        "missing": missing,
        "stale": stale,
        "by_others": others,
        "reasons": list(reasons),
        "running": {m.result.path: m.running._asdict() for m in moments if m.running},
        "failed": {m.result.log: m.failure for m in moments if m.failure},
        "trainings": cost.trainings,
        "trainings_remain": cost.remain,
        "hours_spent": cost.spent,
        "hours_left": cost.left if pace.trainings else None,  # not a guess, but as others took
    }


def lines(told: list[dict[str, Any]]) -> Iterable[str]:
    """The same in words; what runs or failed is told under the first figure that it is for."""
    names = [each["of"] for figure in told for each in figure["parts"]]
    width = max(map(len, [*names, *(figure["figure"] for figure in told)]), default=0) + 4
    for figure in told:
        yield f"{figure['figure']:<{width}}{_words(figure)}"
        for part in figure["parts"]:
            reasons = "; ".join(part["reasons"][:REASONS])
            yield f"  {part['of']:<{width - 2}}{_words(part)}{reasons and f': {reasons}'}"
            yield from _jobs(part)


def _words(counts: dict[str, Any]) -> str:
    words = [f"{counts['there']} there"]
    for key in ("missing", "stale", "by_others"):
        if counts[key]:
            words.append(f"{counts[key]} {key.replace('_', ' ')}")
    for key in ("running", "failed"):
        if counts[key]:
            words.append(f"{len(counts[key])} {key}")
    if counts["hours_spent"]:
        words.append(f"{duration(counts['hours_spent'])} of training spent")
    if counts["hours_left"]:
        words.append(f"{duration(counts['hours_left'])} left")
    return ", ".join(words)


def _jobs(part: dict[str, Any]) -> Iterable[str]:
    for path, running in list(part["running"].items())[:LATEST]:
        yield f"    runs: {path}: {live.Running(**running)}"
    for log, words in list(part["failed"].items())[:LATEST]:
        yield f"    failed: {log}: {words}"


def watched(results: Sequence[Result]) -> Iterator[list[Result]]:
    """The plan as it is carried out: a result is made when its file is not the one of before."""
    before = {result.path: _changed(result.path) for result in results}
    while True:
        truth.forget()
        yield [
            result._replace(there=True, runs=False, stale=None)
            if result.runs and _changed(result.path) not in (None, before[result.path])
            else result
            for result in results
        ]


def _changed(path: str) -> int | None:
    """When a file was last changed; None if there is none."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="name or file (default: all)")
    plan.config_option(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--watch",
        type=positive,
        nargs="?",
        const=10,
        metavar="SECONDS",
        help="tell it again every so many seconds (default 10), until interrupted",
    )
    parser.add_argument(
        "--draw", action="store_true", help="draw the figures of the results so far, too"
    )


def run(args: argparse.Namespace) -> None:
    """The command."""
    targets = [plan.drawing(figure, args.configfile) for figure in args.figures]
    results = plan.planned(targets, args.configfile)
    with contextlib.suppress(KeyboardInterrupt):
        for current in watched(results):
            told = status(current)
            clear = CLEAR if args.watch and sys.stdout.isatty() and not args.json else ""
            indent = None if args.watch else 1
            print(
                clear + (json.dumps(told, indent=indent) if args.json else "\n".join(lines(told)))
            )
            if args.draw:
                from lottery.stages import partial  # which imports pandas and matplotlib

                partial.draw(args.configfile, current)
            if not args.watch:
                return
            sys.stdout.flush()
            time.sleep(args.watch)
