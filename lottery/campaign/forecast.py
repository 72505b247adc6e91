"""What a plan will take: device hours, the longest chain of trainings, bytes on disk."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

from lottery.campaign.pace import Measured, Pace, Report
from lottery.plan import Result

HOUR = 3600.0


class Cost(NamedTuple):
    """Of some trainings."""

    trainings: int
    remain: int
    hours: float
    """That they hold a device, in all."""
    left: float
    """Of these, the hours of those that remain."""
    spent: float
    """Of those that are there, by their own reports; not all of them for this figure."""
    unknown: int
    """How many are not in these hours, as the number of their images is not known."""


class Step(NamedTuple):
    """A training of the longest chain, and when it ends after the first one's start."""

    path: str
    hours: float


Reports = Mapping[str, Report]
"""Of the trainings that are there, by their paths."""


def reports(results: Iterable[Result]) -> Reports:
    """Those of a plan, read once: `pace` and each `cost` look into them."""
    there = (result.path for result in results if result.is_training and result.there)
    found = {path: Report.of(path) for path in there}
    return {path: report for path, report in found.items() if report}


def pace(results: Iterable[Result], reports: Reports, gpu: str | None) -> Pace:
    """That of the trainings that are there.

    Raises: LotteryError if there is no GPU of that name.
    """
    measured = []
    for result in results:
        report = reports.get(result.path)
        if result.work and report and report.inputs:
            measured.append(Measured(report.device, result.work, report.inputs, report.seconds))
    return Pace(measured, gpu)


def cost(results: Iterable[Result], pace: Pace, reports: Reports) -> Cost:
    """Of all trainings among some results."""
    trainings = [result for result in results if result.is_training]
    hours = [pace.seconds(each.work) / HOUR if each.work else 0.0 for each in trainings]
    made = (reports.get(each.path) for each in trainings if not each.runs)
    return Cost(
        trainings=len(trainings),
        remain=sum(each.runs for each in trainings),
        hours=sum(hours),
        left=sum(h for each, h in zip(trainings, hours, strict=True) if each.runs),
        spent=sum(report.seconds for report in made if report) / HOUR,
        unknown=sum(each.work is None for each in trainings),
    )


def longest_chain(results: Sequence[Result], pace: Pace) -> list[Step]:
    """The trainings that remain and must follow each other, of which the last ends last.

    A training takes its hours divided by its devices; other jobs, and waiting, take none.
    """
    training = {each.job: each for each in results if each.is_training and each.runs}
    before = {each.job: each.before for each in results}
    end: dict[int, float] = {}
    through: dict[int, int | None] = {}
    for each in TopologicalSorter(before).static_order():
        last = max(before.get(each, ()), key=lambda other: end[other], default=None)
        own, took = training.get(each), 0.0
        if own and own.work:
            took = pace.seconds(own.work) / HOUR / own.devices
        end[each] = took + (end[last] if last is not None else 0.0)
        through[each] = last
    found = []
    job: int | None = max(end, key=lambda each: end[each], default=None)
    while job is not None:
        if job in training:
            found.append(Step(training[job].path, end[job]))
        job = through[job]
    return found[::-1]


def jobs(results: Iterable[Result], max_minutes: int | None, pace: Pace) -> int:
    """SLURM jobs that remain; a training that is longer than a job may be takes several."""
    count = len({each.slurm_job for each in results if each.runs and each.slurm_job})
    if max_minutes is None:
        return count
    trainings = (each for each in results if each.is_training and each.runs and each.work)
    minutes = (pace.seconds(each.work) / 60 / each.devices for each in trainings if each.work)
    return count + sum(int(each // max_minutes) for each in minutes)


def disk(results: Iterable[Result], keep_weights: bool) -> tuple[int, int]:
    """Bytes of all results, and of those that are still to be written."""
    kept = [each for each in results if keep_weights or (each.what, each.rule) != DROPPED]
    return sum(each.size for each in kept), sum(each.size for each in kept if not each.there)


DROPPED = ("weights", "generate")
"""W* of pruned rounds, where the config does not keep them."""
