"""What SLURM's environment says about a job, and requeueing the job."""

import os
import re
import subprocess
import time

from lottery.errors import LotteryError

REQUEUED_WITHIN = 60
"""Seconds that SLURM may take to end a job after it was requeued."""

AT_WORK = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"}
"""States of a job whose processes may exist."""


def requeue() -> None:
    """Have SLURM end this job and run it again, under the same number.

    Raises: LotteryError, with SLURM's reason, if it refuses.
    """
    command = ["scontrol", "requeue", job()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LotteryError(f"{' '.join(command)}: {done.stderr.strip()}")
    time.sleep(REQUEUED_WITHIN)


def preempted() -> bool:
    """Whether SLURM wants this job's place for another and leaves it time to end (`GraceTime`).

    It runs the job again if the time is over, but not if the job has ended by itself before.
    """
    if not job():
        return False
    done = ask("scontrol", "--oneliner", "show", "job", job())
    shown = done.stdout if done else ""
    return "JobState=RUNNING" in shown and bool(re.search(r"PreemptTime=\d", shown))


def job() -> str:
    """The number of the job that this process is in; empty outside SLURM."""
    return os.environ.get("SLURM_JOB_ID", "")


def ask(*command: str) -> subprocess.CompletedProcess[str] | None:
    """What a command of SLURM answers, whatever its status; None if it is absent or hangs."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return None


def runs(job: str) -> bool | None:
    """Whether a job is at work; None if SLURM does not answer, or is not there."""
    done = ask("squeue", "--noheader", f"--jobs={job}", "--format=%T")
    if done is None:
        return None
    if done.returncode:
        return False if "Invalid job id" in done.stderr else None
    return bool(AT_WORK.intersection(done.stdout.split()))


def nodes() -> int:
    """The number of nodes of this process's job step; 1 outside a job."""
    return int(os.environ.get("SLURM_STEP_NUM_NODES", 1))


def is_first_node() -> bool:
    """Whether this process's node is the first of its job step; True outside a job."""
    return nodes() == 1 or os.environ.get("SLURM_NODEID") == "0"


def hosts() -> list[str]:
    """Their names, in order."""
    command = ["scontrol", "show", "hostnames", os.environ["SLURM_STEP_NODELIST"]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
