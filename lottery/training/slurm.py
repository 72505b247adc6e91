"""What SLURM tells the processes of its jobs, and what they ask of it."""

import os
import subprocess
import time

PATIENCE = 60
"""Seconds that SLURM may take to end a job that it is to run again."""


def end_of_job() -> float:
    """When the job's time is over, in seconds since 1970; never, outside a job."""
    end = os.environ.get("SLURM_JOB_END_TIME", "")
    return float(end) if end.isdigit() else float("inf")


def requeue() -> None:
    """Have SLURM end this job and run it again, under the same number; outside a job, nothing."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return
    done = subprocess.run(["scontrol", "requeue", job], capture_output=True, check=False)
    if done.returncode == 0:
        time.sleep(PATIENCE)


def nodes() -> int:
    """Of the job step that this process belongs to; 1 outside a job."""
    return int(os.environ.get("SLURM_STEP_NUM_NODES", 1))


def hosts() -> list[str]:
    """Their names, in order."""
    command = ["scontrol", "show", "hostnames", os.environ["SLURM_STEP_NODELIST"]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
