"""Command `forecast`: what figures will take, before their campaign begins."""

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any

from lottery import config, plan, sharing
from lottery.campaign import forecast as forecasts
from lottery.campaign.forecast import Reports
from lottery.campaign.pace import GPUS, Pace
from lottery.messages import duration
from lottery.plan import Result
from lottery.stages.command import positive


def forecast(
    figures: Sequence[str], configs: Sequence[str], gpu: str | None, devices: int | None
) -> dict[str, Any]:
    """Trainings, hours, days and bytes of figures, each with its tickets.

    Raises: LotteryError if the config is wrong, or no such figure or GPU exists.
    """
    settings = config.load(["config.yaml", *configs])
    targets = [plan.drawing(figure, configs) for figure in figures]
    results = plan.planned(targets, configs)
    reports = forecasts.reports(results)
    pace = forecasts.pace(results, reports, gpu)
    names = dict.fromkeys(name for result in results for name in result.figures)
    total = forecasts.cost(results, pace, reports)
    chain = forecasts.longest_chain(results, pace)
    days = chain[-1].hours / 24 if chain else 0.0
    whole, missing = forecasts.disk(results, settings.keep_weights)
    return {
        "figures": [
            _figure(name, [r for r in results if name in r.figures], pace, reports)
            for name in names
        ],
        "total": total._asdict(),
        "unit": pace.unit,
        "times": pace.words(),
        "measured": pace.trainings,
        "jobs": forecasts.jobs(results, settings.max_minutes, pace),
        "chain": {"trainings": len(chain), "days": days, "last": chain[-1].path if chain else None},
        "devices": devices,
        "days": max(days, total.left / 24 / devices) if devices else days,
        "bytes": whole,
        "bytes_missing": missing,
        "trainings_without_sharing": sharing.without_sharing(settings, names),
        "unknown": _unknown(results),
    }


def _figure(name: str, results: list[Result], pace: Pace, reports: Reports) -> dict[str, Any]:
    places = dict.fromkeys(result.of for result in results if result.is_training)
    parts = [
        {"of": of, **forecasts.cost((r for r in results if r.of == of), pace, reports)._asdict()}
        for of in places
    ]
    return {"figure": name, **forecasts.cost(results, pace, reports)._asdict(), "parts": parts}


def _unknown(results: Iterable[Result]) -> list[str]:
    """Trainings that are in no hours."""
    return [each.path for each in results if each.is_training and each.work is None]


def lines(told: dict[str, Any], tickets: bool) -> Iterable[str]:
    """The same in words, with or without a line for each ticket and dense network."""
    names = [each["of"] for figure in told["figures"] for each in figure["parts"] if tickets]
    names += [figure["figure"] for figure in told["figures"]]
    width = max(map(len, names), default=0) + 4
    yield f"{'':<{width}}{'trainings':>10}{'remain':>10}{told['unit']:>12}{'left':>12}"
    for figure in told["figures"]:
        yield _row(figure["figure"], width, figure)
        for part in figure["parts"] if tickets else ():
            yield _row(f"  {part['of']}", width, part)
    yield _row("all", width, told["total"])
    yield f"times: {told['times']}"
    if told["unknown"]:
        first, count = told["unknown"][0], len(told["unknown"])
        yield (
            f"not in these hours: {count} trainings, of data sets without `train_images` whose "
            f"images are not there yet: {first}{' and so on' if count > 1 else ''}"
        )
    chain = told["chain"]
    if chain["last"]:
        yield (
            f"longest chain: {chain['trainings']} trainings, {duration(24 * chain['days'])}, to "
            f"{chain['last']}"
        )
    if told["devices"]:
        yield f"with {told['devices']} at a time: {duration(24 * told['days'])} at least"
    yield f"SLURM jobs: {told['jobs']:,}"
    yield f"disk: {_bytes(told['bytes'])}, of which {_bytes(told['bytes_missing'])} are to come"
    shared = told["trainings_without_sharing"] - told["total"]["trainings"]
    if shared > 0:
        yield f"shared: without sharing {told['trainings_without_sharing']:,} trainings"


def _row(name: str, width: int, cost: dict[str, Any]) -> str:
    hours = f"{_hours(cost['hours']):>12}{_hours(cost['left']):>12}"
    return f"{name:<{width}}{cost['trainings']:>10,}{cost['remain']:>10,}{hours}"


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 1 or not hours else f"{hours:.2g}"


def _bytes(count: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e6:,.1f} MB"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="name or file (default: all)")
    plan.config_option(parser)
    parser.add_argument(
        "--gpu",
        choices=GPUS,
        help="guess the times of this GPU, but for kinds of training measured on it (default: of "
        "the device that the trainings so far ran on, else A100)",
    )
    parser.add_argument(
        "--gpus", type=positive, help="how many there are, for the days that it takes"
    )
    parser.add_argument("--tickets", action="store_true", help="a line for each ticket, too")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> None:
    """The command."""
    told = forecast(args.figures, args.configfile, args.gpu, args.gpus)
    print(json.dumps(told, indent=1) if args.json else "\n".join(lines(told, args.tickets)))
