"""What SLURM tells the processes of its jobs, and what they ask of it."""

import os
import subprocess
import time

from lottery.errors import LotteryError

REQUEUED_WITHIN = 60
"""Seconds that SLURM may take to end a job that it is to run again."""


def requeue() -> None:
    """Have SLURM end this job and run it again, under the same number.

    Raises: LotteryError, with SLURM's reason, if it does not.
    """
    command = ["scontrol", "requeue", os.environ.get("SLURM_JOB_ID", "")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LotteryError(f"{' '.join(command)}: {done.stderr.strip()}")
    time.sleep(REQUEUED_WITHIN)


def nodes() -> int:
    """Of the job step that this process belongs to; 1 outside a job."""
    return int(os.environ.get("SLURM_STEP_NUM_NODES", 1))


def hosts() -> list[str]:
    """Their names, in order."""
    command = ["scontrol", "show", "hostnames", os.environ["SLURM_STEP_NODELIST"]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
