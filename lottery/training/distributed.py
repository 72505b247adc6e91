"""The processes that share one training with DistributedDataParallel: one for each GPU.

A process that is started by itself is a world of size 1, where all of this does nothing.
`lottery.training.launch` starts the processes of a larger world.
"""

import contextlib
import os
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from lottery.errors import LotteryError

LOST = "lost the other processes of this training"
PATIENCE = 5
"""Seconds for the launcher to see which process failed first and to end the others."""


class World:
    """One process of `size`; the one of `rank` 0 reads checkpoints and writes results."""

    def __init__(self, rank: int = 0, size: int = 1, group: Any = None) -> None:
        self.rank = rank
        self.size = size
        self._group = group  # gloo: these collectives must not wait for a GPU

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap a model to average its gradients over all processes, from the weights of rank 0."""
        if self.size == 1:
            return model
        with warnings.catch_warnings():  # its new name is unknown to torch before 2.15
            warnings.filterwarnings("ignore", message=".*broadcast_buffers")
            return DistributedDataParallel(
                model,
                broadcast_buffers=False,  # see `share_buffers`
                gradient_as_bucket_view=True,
            )

    def accumulating(self, wrapped: nn.Module, more: bool) -> AbstractContextManager[None]:
        """While `more` micro-batches of a batch follow, gradients are summed without all-reduce."""
        if more and isinstance(wrapped, DistributedDataParallel):
            return wrapped.no_sync()
        return contextlib.nullcontext()

    def share_buffers(self, model: nn.Module) -> None:
        """Give every process the batch-norm statistics of rank 0."""
        if self.size > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)

    def all_reduce_sum(self, values: Tensor) -> Tensor:
        """The sum of every process's `values`, float64 on the CPU."""
        total = values.detach().to("cpu", torch.float64, copy=True)
        if self.size > 1:
            dist.all_reduce(total, group=self._group)
        return total

    def all_reduce_max(self, value: int) -> int:
        """The largest of every process's values."""
        if self.size == 1:
            return value
        largest = torch.tensor(value)
        dist.all_reduce(largest, dist.ReduceOp.MAX, group=self._group)
        return int(largest)

    def broadcast(self, value: Any) -> Any:
        """The value of rank 0, in every process."""
        if self.size == 1:
            return value
        shared = [value]
        dist.broadcast_object_list(shared, 0, group=self._group)
        return shared[0]


def processes() -> int:
    """How many processes share this training."""
    return int(os.environ.get("WORLD_SIZE", 1))


def processes_here() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[World]:
    """The world of this process, for the duration of the block.

    Raises: LotteryError if another process ends before its work is done.
    """
    size = processes()
    if size == 1:
        yield World()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(dist.get_rank(), size, dist.new_group(backend="gloo"))
    except RuntimeError as error:
        if not any(word in str(error) for word in ("peer", "gloo", "NCCL", "Socket")):
            raise
        # Not this process failed. The launcher ends it as soon as it knows which one did.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(PATIENCE)
        reason = " ".join(str(error).split())[:300]
        raise LotteryError(f"{LOST}: {reason}") from None
    dist.destroy_process_group()
