"""Starting the processes of one training, with torchrun's machinery.

On one machine, or on all nodes of a SLURM job step, which runs this once on each node.
"""

import logging
import os
import signal
import sys
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from lottery.errors import LotteryError, Stopped
from lottery.training import slurm
from lottery.training.distributed import LOST

SILENT = logging.CRITICAL + 1


def launch(command: Sequence[str], processes: int) -> None:
    """Run `python -m lottery COMMAND` in several processes on this machine.

    If one of them fails, the others are ended. SIGTERM is passed on to all of them, which then have
    half a minute.

    Raises: LotteryError with the message of the first process to fail; Stopped if they stopped
        with a checkpoint saved, or if one was killed; KeyboardInterrupt.
    """
    logging.getLogger("torch.distributed").setLevel(SILENT)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # SLURM signals every process of a job step
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # --threads decides; torchrun would warn
    start = elastic_launch(_config(processes), sys.executable)
    try:
        start("-m", "lottery", *command)
    except ChildFailedError as error:
        rank, failure = min(error.failures.items(), key=lambda item: _lost_others(item[1]))
        if failure.exitcode == os.EX_TEMPFAIL:
            raise Stopped(_words(failure)) from None
        if failure.exitcode < 0:
            raise Stopped(f"process {rank} was killed by {failure.signal_name()}") from None
        raise LotteryError(f"process {rank}: {_words(failure)}") from None
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise Stopped("stopped by a signal") from None


def _lost_others(failure: ProcessFailure) -> bool:
    """Whether this process failed only because another one did."""
    return failure.exitcode == -signal.SIGTERM or LOST in _words(failure)


def _words(failure: ProcessFailure) -> str:
    """The error message of a failed process."""
    message = failure.message
    return str(message.get("message", message) if isinstance(message, dict) else message)


def _config(processes: int) -> LaunchConfig:
    nodes, endpoint = slurm.nodes(), "localhost:0"  # any free port
    if nodes > 1:
        endpoint = f"{slurm.hosts()[0]}:{20_000 + int(os.environ['SLURM_JOB_ID']) % 12_000}"
    return LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=processes,
        run_id=os.environ.get("SLURM_JOB_ID", "lottery"),
        rdzv_backend="c10d",
        rdzv_endpoint=endpoint,
        rdzv_configs={"is_host": slurm.is_first_node()},
        max_restarts=0,  # the training resumes from its checkpoint in the next job
        monitor_interval=0.2,
    )
