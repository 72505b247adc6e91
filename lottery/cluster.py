"""What Snakemake's SLURM plugin (the pinned version) lacks for weeks without a watcher.

It waits for ever for a job that SLURM has forgotten, as after a login node stood still for longer
than `MinJobAge`; it says nothing of jobs that can never start; and while SLURM's controller is
away, a submission fails and takes a retry with it. Nor does Snakemake know which failures a
second try cannot mend.
"""

import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from snakemake.scheduling.job_scheduler import JobScheduler

from lottery.training import slurm

FORMAT = "%i|%T|%r"
PATIENT = 60.0
"""Seconds that a job may wait before its reason is told."""
AWAY = 1800.0
"""Seconds for which submissions wait for SLURM's controller."""
ORDINARY = {
    "BeginTime", "Cleaning", "Dependency", "None", "Priority", "Prolog", "Resources",
}  # fmt: skip
"""Reasons to wait that pass by themselves."""
LACKED = {"OUT_OF_MEMORY", "TIMEOUT"}
"""What a job ended for the want of."""
FAILED = re.compile(r"lottery [\w-]+: error: ")
"""A stage's last words, where it says why it failed: see `lottery.__main__`."""


class Queued(NamedTuple):
    """A job as SLURM has it."""

    state: str
    reason: str


def queued(run: str) -> dict[str, Queued] | None:
    """All jobs of a run that SLURM knows, by number; None if it does not answer."""
    done = slurm.ask("squeue", "--noheader", "--states=all", f"--name={run}", f"--format={FORMAT}")
    if done is None or done.returncode:
        return None
    lines = (line.split("|", 2) for line in done.stdout.splitlines())
    return {number: Queued(state, reason) for number, state, reason in lines}


def install_plugin(is_made: Callable[[Any], bool], trainings: Collection[str]) -> None:
    """Mend the plugin in this process; `is_made` tells whether the results of a job are there.

    `trainings` are the rules that ask for more if they ended for the want of it, see `times`.
    A job that SLURM calls failed is done if they are: its last seconds may have met a controller
    that was away.
    """
    from snakemake_executor_plugin_slurm import Executor

    check, run, fail = Executor.check_active_jobs, Executor.run_job, Executor.report_job_error

    def is_done(job: Any) -> bool:
        return all(map(is_made, _members(job)))

    async def check_active_jobs(self: Any, active: list[Any]) -> AsyncIterator[Any]:
        known = queued(self.run_uuid) if active else {}
        for job in active:
            found = (known or {}).get(job.external_jobid)
            if found and found.state in LACKED:
                _remember(job.job, found.state, trainings)
        async for job in check(self, active):
            if known is None or job.external_jobid in known:
                _tell(self, job, known)
                yield job
            else:
                self.report_job_error(job, msg=f"SLURM has forgotten job {job.external_jobid}")

    def run_job(self: Any, job: Any) -> None:
        _wait_for_controller(self.logger)
        for each in _members(job):
            if each.dag.reason(each).forced:  # which it cannot tell where it will run
                self.workflow.async_run(each.remove_existing_output())
        run(self, job)

    def report_job_error(self: Any, job: Any, msg: str = "", **more: Any) -> None:
        if is_done(job.job):
            self.logger.warning(f"{msg or 'SLURM calls it failed'}; its results are there: done")
            self.report_job_success(job)
        else:
            fail(self, job, msg=msg, **more)

    Executor.check_active_jobs, Executor.run_job = check_active_jobs, run_job
    Executor.report_job_error = report_job_error


_told: set[str] = set()
_ended: dict[frozenset[Any], Counter[str]] = {}


def _remember(job: Any, state: str, trainings: Collection[str]) -> None:
    """A job, or a training in a group, ended for the want of something."""
    for each in _members(job):
        if each.rule.name in trainings:
            _ended.setdefault(_named(each), Counter())[state] += 1


def times(wildcards: Any, state: str) -> int:
    """How often a training ended for want of memory (`OUT_OF_MEMORY`) or time (`TIMEOUT`)."""
    return _ended.get(frozenset(wildcards.items()), Counter())[state]


def _named(job: Any) -> frozenset[Any]:
    """A training by its wildcards, which no two of them share."""
    return frozenset(job.wildcards.items())


def _members(job: Any) -> list[Any]:
    """The jobs of a group, or the job itself."""
    return list(job.jobs) if job.is_group() else [job]


def _tell(executor: Any, job: Any, known: dict[str, Queued] | None) -> None:
    """Why a job waits, once for each reason that does not pass by itself."""
    found = (known or {}).get(job.external_jobid)
    if found is None or found.state != "PENDING" or found.reason in ORDINARY:
        return
    since = job.aux.setdefault("lottery_pending_since", time.monotonic())
    if time.monotonic() - since >= PATIENT and found.reason not in _told:
        _told.add(found.reason)
        executor.logger.warning(
            f"SLURM job {job.external_jobid} ({job.job}) waits and may never start: {found.reason}"
        )


def _wait_for_controller(logger: Any) -> None:
    """Wait while `scontrol ping` says that no controller is up, for half an hour at most."""
    began = time.monotonic()
    while time.monotonic() - began < AWAY:
        done = slurm.ask("scontrol", "ping")
        if done is None or " UP" in done.stdout or "DOWN" not in done.stdout:
            return  # without an answer, sbatch itself will tell
        if time.monotonic() - began < 1:
            logger.warning("SLURM's controller is away: submissions wait for it")
        time.sleep(5)


def install_retries() -> None:
    """Try again only what may succeed then: not a stage that has said why it failed."""
    handle = JobScheduler._handle_error

    def _handle_error(self: Any, job: Any, postprocess_job: bool = True) -> None:
        if job.restart_times > job.attempt - 1 and any(map(_has_said_why, _members(job))):
            job.attempt = job.restart_times + 1
        handle(self, job, postprocess_job)

    JobScheduler._handle_error = _handle_error


def _has_said_why(job: Any) -> bool:
    for log in job.log:
        try:
            lines = Path(log).read_text(errors="replace").splitlines()
        except OSError:
            continue
        if any(FAILED.match(line) for line in lines[-3:]):
            return True
    return False
