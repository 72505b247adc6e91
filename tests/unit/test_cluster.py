"""What is added to Snakemake's SLURM plugin, with the commands of SLURM that it asks."""

import os
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from lottery import cluster
from lottery.cluster import Queued, queued
from lottery.messages import ending, last_words

SQUEUE = """#!/bin/sh
[ "$FAILS" ] && { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
case "$*" in *--name=empty*) exit 0 ;; esac
echo '12|PENDING|QOSMaxGRESPerUser'
echo '13|RUNNING|None'
"""


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """A `squeue` that knows two jobs."""
    tool = tmp_path / "squeue"
    tool.write_text(SQUEUE)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_it_tells_no_jobs_from_no_answer(squeue, monkeypatch):
    assert queued("run") == {
        "12": Queued("PENDING", "QOSMaxGRESPerUser"),
        "13": Queued("RUNNING", "None"),
    }
    assert queued("empty") == {}
    monkeypatch.setenv("FAILS", "1")
    assert queued("run") is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert queued("run") is None


class Job:
    """Of Snakemake, as far as it is asked here."""

    restart_times = 1

    def __init__(self, log, rule="generate", **wildcards):
        self.log, self.wildcards, self.attempt = [str(log)], wildcards, 1
        self.rule = SimpleNamespace(name=rule)

    def is_group(self):
        return False


class Group:
    """Jobs that share one of SLURM."""

    restart_times = 1

    def __init__(self, *jobs):
        self.jobs, self.attempt = jobs, 1

    def is_group(self):
        return True


@pytest.mark.parametrize(
    ("said", "hopeless"),
    [
        ("lottery generate: error: the loss is nan at update 3", True),
        ("lottery generate: error: x.pt: damaged\n", True),
        ("lottery generate: unfinished: stopped after 3 of 40 updates", False),
        ("lottery generate: failed: weights.pt: No space left on device", False),
        ("training: epoch 3/10 ...", False),
        ("", False),
    ],
)
def test_a_stage_that_said_why_it_failed_is_not_tried_again(tmp_path, said, hopeless):
    log = tmp_path / "generation.log"
    log.write_text(f"generation of labels: on cpu\n{said}")
    assert cluster._has_said_why(Job(log)) is hopeless


@pytest.mark.parametrize(
    ("status", "word"),
    [(1, "error"), (os.EX_TEMPFAIL, "unfinished"), (os.EX_IOERR, "failed"), (130, "failed")],
)
def test_a_stages_last_words_say_how_it_ended(status, word):
    assert ending(last_words("evaluate-imported", "it broke", status)) == word
    assert ending(f"training: {last_words('mask', 'x', status)}") is None


def test_without_a_log_it_is_tried_again(tmp_path):
    assert not cluster._has_said_why(Job(tmp_path / "none.log"))


@pytest.mark.parametrize(("said", "attempt"), [("error: the loss is nan", 2), ("failed: x", 1)])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_second_try_is_given_up_also_in_a_group(tmp_path, monkeypatch, grouped, said, attempt):
    """Snakemake tries again while `attempt` is not above `restart_times`."""
    tried = []
    monkeypatch.setattr(JobScheduler, "_handle_error", lambda _, job, __: tried.append(job.attempt))
    cluster.install_retries()
    log = tmp_path / "generation.log"
    log.write_text(f"lottery generate: {said}")
    job = Job(log)
    JobScheduler._handle_error(None, Group(job, Job(tmp_path / "mask.log")) if grouped else job)
    assert tried == [attempt]


def test_what_a_training_lacked_is_known_of_it_and_not_of_the_mask_beside_it(monkeypatch):
    """The mask of a round has the wildcards of the training that comes after it."""
    monkeypatch.setattr(cluster, "_ended", {})
    first, second = ({"ticket": "labels", "round": round} for round in ("01", "02"))
    group = Group(Job("x", "generate", **first), Job("y", "mask", **second))
    for _ in range(2):
        cluster._remember(group, "OUT_OF_MEMORY", {"generate"})
    cluster._remember(Job("x", "generate", **first), "TIMEOUT", {"generate"})
    assert cluster.times(first, "OUT_OF_MEMORY") == 2
    assert cluster.times(first, "TIMEOUT") == 1
    assert cluster.times(second, "OUT_OF_MEMORY") == 0


SAYS = "SLURM-job '7' failed, SLURM status is: '{}'. Detailed failure reason unavailable"
LOGS = {
    "cgroups": "slurmstepd-n1: error: Detected 1 oom-kill event(s) in StepId=7.0. Some of your",
    "later SLURM": "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step",
    "a task": "srun: error: n1: task 0: Out Of Memory",
    "looked at": "slurmstepd-n1: error: StepId=7.0 exceeded memory limit (64 > 31), being killed",
}


def submitted(log, *jobs, **resources):
    """A job as the plugin knows it, of jobs that ran in a group."""
    group = Group(*jobs)
    group.resources = resources
    return SimpleNamespace(job=group, aux={"slurm_logfile": log})


@pytest.mark.parametrize(
    ("state", "said", "lacked"),
    [
        *(("FAILED", said, "OUT_OF_MEMORY") for said in LOGS.values()),
        ("FAILED", "lottery generate: error: out of memory limit", None),
        ("FAILED", "", None),
        ("TIMEOUT", "", "TIMEOUT"),
        ("OUT_OF_MEMORY", "", "OUT_OF_MEMORY"),
    ],
)
def test_out_of_memory_is_read_from_the_log_of_a_job_that_only_failed(
    tmp_path, state, said, lacked
):
    log = tmp_path / "7.log"
    log.write_text(f"Building DAG of jobs...\n{said}\n[Fri Nov 27] Error in rule generate:\n")
    assert cluster._lacked(submitted(log), SAYS.format(state)) == lacked


def test_a_job_without_a_log_or_a_state_lacked_nothing_that_is_known(tmp_path):
    assert cluster._lacked(submitted(tmp_path / "none.log"), SAYS.format("FAILED")) is None
    assert cluster._lacked(submitted(tmp_path / "none.log"), "SLURM sbatch failed. ") is None


def test_what_to_ask_for_is_told_of_the_training_not_of_the_mask(tmp_path):
    jobs = [Job("y", "mask"), Job("x", "generate")]
    job = submitted(tmp_path / "7.log", *jobs, mem_mb=6001).job
    said = cluster._advice(job, "OUT_OF_MEMORY", {"generate"})
    assert "It ended for the want of mem_mb, of which it had 6001." in said
    assert "A next try of a training asks for twice as much." in said
    assert "--set-resources generate:mem_mb=24004" in said
    assert "next try" not in cluster._advice(job, "OUT_OF_MEMORY", {"evaluate"})


def test_a_refusal_is_one_line_with_what_was_asked_for(tmp_path):
    said = (
        "SLURM sbatch failed. The error message was '"
        "sbatch: error: invalid partition specified: x\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified'.\n"
        "    sbatch call:\n        sbatch --parsable\n"
    )
    job = submitted(tmp_path, Job("x", "generate"), slurm_partition="x", gpu=1).job
    assert cluster._refusal(job, said) == (
        "SLURM refuses generate (slurm_partition=x, gpu=1): invalid partition specified: x; "
        "Batch job submission failed: Invalid partition name specified"
    )
    assert cluster._refusal(job, SAYS.format("FAILED")) is None


def test_a_job_that_goes_back_into_the_queue_is_told_each_time(tmp_path):
    said = []
    executor = SimpleNamespace(logger=SimpleNamespace(warning=said.append))
    job = submitted(tmp_path, Job("x", "generate"), Job("y", "mask"))
    job.external_jobid = "7"
    states = ["PENDING", "RUNNING", "PENDING", "PENDING", "COMPLETING", "PENDING", "COMPLETED"]
    for state in states:
        cluster._tell(executor, job, {"7": Queued(state, "BeginTime")})
    assert len(said) == 2
    assert said[0].startswith("SLURM job 7 (generate + mask) was at work and is to run again: ")
