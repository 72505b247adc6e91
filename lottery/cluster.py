"""What Snakemake's SLURM plugin (the pinned version) lacks for weeks without a watcher.

It waits for ever for a job that SLURM has forgotten, as after a login node stood still for longer
than `MinJobAge`; it says nothing of jobs that can never start; while SLURM's controller is away, a
submission fails and takes a retry with it; and a job that was out of memory is to it one that
failed. Nor does Snakemake know which failures a second try cannot mend, and of a group of jobs it
does not say what SLURM said.
"""

import functools
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from snakemake.resources import GroupResources
from snakemake.scheduling.job_scheduler import JobScheduler

from lottery.messages import ending
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
LACKED = {"OUT_OF_MEMORY": "mem_mb", "TIMEOUT": "runtime"}
"""What a job ended for the want of, and the resource that is more of it."""
STATE = re.compile(r"SLURM status is: '(\w+)'")
"""What the plugin says of a job that failed."""
REFUSED = re.compile(r"SLURM sbatch failed\. The error message was '(.*?)'\.$", re.S | re.M)
"""What it says of one that SLURM does not take."""
ASKED = ("slurm_partition", "slurm_account", "qos", "nodes", "gpu", "mem_mb", "runtime")
"""What SLURM may refuse."""
KILLED = re.compile(r"^(slurmstepd|srun)\S* .*(oom.kill|memory limit|out of memory)", re.I | re.M)
"""What SLURM's log of a job says of the memory, with cgroups and without."""


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


def share_gpus(workflow: Any, sharers: int) -> None:
    """Have so many trainings of a group share a GPU, side by side.

    Snakemake would ask for one each, and inside of the SLURM job its plugin would start one step
    after the other, to each of which SLURM gives what the job has of GPUs.
    """
    import snakemake_executor_plugin_slurm_jobstep as plugin
    from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

    layered = GroupResources.basic_layered
    run, gpus = plugin.Executor.run_job, plugin.get_gpu_setting

    def basic_layered(toposorted_jobs: Any, *given: Any, **more: Any) -> dict[str, Any]:
        found = dict(layered(toposorted_jobs, *given, **more))
        if "gpu" in found:
            most = max(job.resources.get("gpu", 0) for jobs in toposorted_jobs for job in jobs)
            found["gpu"] = max(most, -(-int(found["gpu"]) // sharers))
        return found

    def step(self: Any, job: Any) -> None:
        try:
            run(self, job)  # it waits for the step's end
        except Exception as error:  # else nobody hears of it
            self.report_job_error(SubmittedJobInfo(job), msg=str(error))

    def run_job(self: Any, job: Any) -> None:
        threading.Thread(target=step, args=(self, job)).start()

    if workflow.remote_exec and workflow.nodes is not None:  # inside of the SLURM job
        workflow.global_resources["_nodes"] = sharers
    GroupResources.basic_layered = basic_layered
    plugin.Executor.run_job = run_job
    plugin.get_gpu_setting = lambda job: f"{gpus(job)} --overlap"


def install_plugin(is_made: Callable[[Any], bool], trainings: Collection[str]) -> None:
    """Mend the plugin in this process; `is_made` tells whether the results of a job are there.

    `trainings` are the rules that ask for more if they ended for the want of it, see `times`.
    A job that SLURM calls failed is done if they are: its last seconds may have met a controller
    that was away.
    """
    import snakemake_executor_plugin_slurm as plugin
    from snakemake_executor_plugin_slurm import Executor
    from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

    plugin.validate_account = functools.cache(plugin.validate_account)
    check, run, fail = Executor.check_active_jobs, Executor.run_job, Executor.report_job_error

    def is_done(job: Any) -> bool:
        return all(map(is_made, _members(job)))

    async def check_active_jobs(self: Any, active: list[Any]) -> AsyncIterator[Any]:
        known = queued(self.run_uuid) if active else {}
        async for job in check(self, active):
            if known is None or job.external_jobid in known:
                _tell(self, job, known)
                yield job
            elif not is_done(job.job) and _may_come(job, self.workflow):
                yield job
            else:
                self.report_job_error(job, msg=f"SLURM has forgotten job {job.external_jobid}")

    def run_job(self: Any, job: Any) -> None:
        try:
            submit(self, job)
        except Exception as error:  # else nobody hears of it: this is a thread of the plugin's
            # Which itself fails where it is to say so of a group.
            cause = error.__context__ if isinstance(error, AttributeError) else None
            words = f"{_rules(job)} cannot be submitted: {cause or error}"
            self._report_job_error_threadsafe(SubmittedJobInfo(job), " ".join(words.split()))

    def submit(self: Any, job: Any) -> None:
        _wait_for_controller(self.logger)
        next(self.get_account_arg(job))  # of one that is not there the plugin prints its own stack
        for each in _members(job):
            if each.dag.reason(each).forced:  # which it cannot tell where it will run
                self.workflow.async_run(each.remove_existing_output())
        run(self, job)

    def report_job_error(self: Any, job: Any, msg: str = "", **more: Any) -> None:
        if is_done(job.job):
            self.logger.warning(f"{msg or 'SLURM calls it failed'}; its results are there: done")
            self.report_job_success(job)
            return
        said = [_refusal(job.job, msg) or msg] if msg else []
        if (lacked := _lacked(job, msg)) is not None:
            _remember(job.job, lacked, trainings)
            said.append(_advice(job.job, lacked, trainings))
        if job.job.is_group() and said:  # of which Snakemake shows the logs alone
            self.logger.error("\n".join(said))
        fail(self, job, msg="\n".join(said), **more)

    Executor.check_active_jobs, Executor.run_job = check_active_jobs, run_job
    Executor.report_job_error = report_job_error


_told: set[str] = set()
_ended: dict[frozenset[Any], Counter[str]] = {}


def _refusal(job: Any, said: str) -> str | None:
    """What sbatch says of a job that it refuses, in a line, with what the job asks for."""
    found = REFUSED.search(said)
    if found is None:
        return None
    lines = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in found[1].split("\n")]
    wanted = [f"{name}={job.resources.get(name)}" for name in ASKED if job.resources.get(name)]
    return f"SLURM refuses {_rules(job)} ({', '.join(wanted)}): {'; '.join(filter(None, lines))}"


def _lacked(job: Any, said: str) -> str | None:
    """What a job ended for the want of, by what the plugin says of it and by SLURM's log.

    Out of memory is a step of it, as a rule, not the job itself: that has a program that failed.
    """
    found = STATE.search(said)
    if found is None or found[1] in LACKED:
        return found and found[1]
    try:
        log = Path(job.aux["slurm_logfile"]).read_text(errors="replace")
    except (KeyError, OSError):
        return None
    return "OUT_OF_MEMORY" if KILLED.search(log) else None


def _advice(job: Any, lacked: str, trainings: Collection[str]) -> str:
    """What was too little, and how to ask for more."""
    name, rules = LACKED[lacked], [each.rule.name for each in _members(job)]
    rule = next(filter(trainings.__contains__, rules), rules[0])
    had = int(job.resources.get(name, 0))
    again = "A next try of a training asks for twice as much. " if rule in trainings else ""
    return (
        f"It ended for the want of {name}, of which it had {had}. {again}"
        f"To ask for more at once: --set-resources {rule}:{name}={4 * had}"
    )


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


def _rules(job: Any) -> str:
    return " + ".join(sorted({each.rule.name for each in _members(job)}))


def _members(job: Any) -> list[Any]:
    """The jobs of a group, or the job itself."""
    return list(job.jobs) if job.is_group() else [job]


def _tell(executor: Any, job: Any, known: dict[str, Queued] | None) -> None:
    """That a job waits again, and why it waits, once for each that does not pass by itself."""
    found = (known or {}).get(job.external_jobid)
    if found is None:
        return
    before, job.aux["lottery_state"] = job.aux.get("lottery_state"), found.state
    if before in slurm.AT_WORK and found.state == "PENDING":
        executor.logger.warning(
            f"SLURM job {job.external_jobid} ({_rules(job.job)}) was at work and is to run again:"
            " its node failed, another took its place, it met a lock, or its time was up"
        )
    if found.state != "PENDING" or found.reason in ORDINARY:
        return
    since = job.aux.setdefault("lottery_pending_since", time.monotonic())
    if time.monotonic() - since >= PATIENT and found.reason not in _told:
        _told.add(found.reason)
        executor.logger.warning(
            f"SLURM job {job.external_jobid} ({_rules(job.job)}) waits and may never start:"
            f" {found.reason}"
        )


def _may_come(job: Any, workflow: Any) -> bool:
    """Whether a file system may still show the results of a job that has ended unseen."""
    since = job.aux.setdefault("lottery_forgotten_since", time.monotonic())
    return bool(time.monotonic() - since < workflow.execution_settings.latency_wait)


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
        if any(ending(line) == "error" for line in lines[-3:]):
            return True
    return False
