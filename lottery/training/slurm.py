"""What SLURM's environment says about a job, and requeueing the job."""

import os
import subprocess
import time

from lottery.errors import LotteryError

REQUEUED_WITHIN = 60
"""Seconds that SLURM may take to end a job after it was requeued."""


def requeue() -> None:
    """Have SLURM end this job and run it again, under the same number.

    Raises: LotteryError, with SLURM's reason, if it refuses.
    """
    command = ["scontrol", "requeue", os.environ.get("SLURM_JOB_ID", "")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LotteryError(f"{' '.join(command)}: {done.stderr.strip()}")
    time.sleep(REQUEUED_WITHIN)


def nodes() -> int:
    """The number of nodes of this process's job step; 1 outside a job."""
    return int(os.environ.get("SLURM_STEP_NUM_NODES", 1))


def hosts() -> list[str]:
    """Their names, in order."""
    command = ["scontrol", "show", "hostnames", os.environ["SLURM_STEP_NODELIST"]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
