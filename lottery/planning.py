"""Which of Snakemake's jobs must run, by what their results say of themselves.

Snakemake decides by times of files and by records in `.snakemake/`. Both are lost in a copy, a
clone or another's results, and an input that is made again, though identical, has a new time.
Here a job runs if it is forced, if a result that is asked for is missing, if one that is there is
stale (see `lottery.truth`), or if a job before it runs for one of these reasons but the second:
what is missing is made again as it was.
"""

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from snakemake.dag import DAG
from snakemake.jobs import Job

Stale = Callable[[Any], str | None]
"""Why the results of a job that are there must be made again, in words."""
Clears = Callable[[Any], bool]
"""Whether what is there of a job's results, now that it begins or has failed, is to be removed."""
Reads = Callable[[Any], Iterable[str]]
"""The files that a job reads, also those which Snakemake knows only by their folder."""


class Change:
    """A reason in Snakemake's output, in the place of changed params."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return self._words


def install(stale: Stale, clears: Clears, reads: Reads) -> None:
    """Have every plan of this process made so, and a job clear its results only as `clears` says.

    Snakemake has each job begin by removing what is there of its results, whatever happened since
    the plan was made, and end by it if it failed, or if another job of its group did.
    """

    async def update_needrun(dag: Any, create_inventory: bool = False) -> None:
        # Snakemake begins with an inventory of the times of all files. Here nothing asks for one.
        await _plan(dag, stale, reads)

    DAG.update_needrun = update_needrun
    remove = Job.remove_existing_output

    async def remove_existing_output(job: Any) -> None:
        # To a job that was sent elsewhere it looks forced, whether or not it is.
        forced = job.dag.workflow.is_main_process and job.dag.reason(job).forced
        if forced or clears(job):
            await remove(job)

    clean = Job.cleanup

    async def cleanup(job: Any, *given: Any, **more: Any) -> None:
        if clears(job):
            await clean(job, *given, **more)

    Job.remove_existing_output, Job.cleanup = remove_existing_output, cleanup


async def _plan(dag: Any, stale: Stale, reads: Reads) -> None:
    dag._needrun.clear()
    dag._checkpoint_jobs.clear()
    dag._n_until_ready.clear()
    dag._ready_jobs.clear()
    jobs = [job for level in dag.toposorted() for job in level if not dag.finished(job)]
    there = set(jobs)
    queue = deque(_changed(dag, jobs, stale))
    for job in jobs:
        if job in dag.targetjobs and await _asked(dag, job):
            queue.append(job)
    needed = set()
    while queue:
        job = queue.popleft()
        if job in needed:
            continue
        needed.add(job)
        inside = _by_folder(reads(job))
        for before, files in dag.dependencies[job].items():
            missing = [file async for file in before.missing_output(files)]
            paths = (path for file in files for path in inside.get(file, ()))
            missing += [path for path in paths if not os.path.exists(path)]  # noqa: PTH110
            if missing and before in there and _allowed(dag, before):
                dag.reason(before).missing_output.update(missing)
                queue.append(before)
    dag._needrun.update(needed)
    for job in needed:
        dag._n_until_ready[job] = sum(before in needed for before in dag.dependencies[job])
        if job.is_checkpoint:
            dag._checkpoint_jobs.add(job)
    dag._len = len(dag._finished | dag._needrun)


def _by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """A table is made of thousands of files by as many jobs: to look for each in each is slow."""
    found = defaultdict(list)
    for path in paths:
        found[os.path.dirname(path)].append(path)  # noqa: PTH120
    return found


def _allowed(dag: Any, job: Any) -> bool:
    return not dag.rules_allowed_for_needrun or job.rule.name in dag.rules_allowed_for_needrun


def _changed(dag: Any, jobs: list[Any], stale: Stale) -> list[Any]:
    """The jobs whose results will be others than those that are there."""
    found: dict[Any, None] = {}
    for job in jobs:
        reason, before = dag.reason(job), dag.dependencies[job]
        if not _allowed(dag, job):
            continue
        if _forced(dag, job):
            reason.forced = True
        elif others := [other for other in before if other in found]:
            for other in others:
                reason.updated_input_run.update(before[other])
        elif words := stale(job):
            reason.params_changed = Change(words)
        else:
            continue
        found[job] = None
    return list(found)


def _forced(dag: Any, job: Any) -> bool:
    by_rule = job not in dag.omitforce and job.rule in dag.forcerules
    return by_rule or not dag.forcefiles.isdisjoint(job.output)


async def _asked(dag: Any, job: Any) -> bool:
    """Whether a target is to be made, as Snakemake decides it."""
    reason = dag.reason(job)
    if not job.has_products(include_logfiles=False):
        missing = [file for file in job.input if not await file.exists()]
        reason.updated_input_run.update(missing)
        return bool(missing or not job.input)
    if job.rule in dag.targetrules:
        files = set(job.products(include_logfiles=False))
    else:
        files = {file for each in dag.depending[job].values() for file in each}
        files |= {file for file in job.products() if file in dag.targetfiles}
    reason.missing_output.update([file async for file in job.missing_output(files)])
    return bool(reason.missing_output)
