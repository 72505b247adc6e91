"""Running batch-norm statistics of a batch that is cut into micro-batches."""

import itertools

import torch
from torch import nn

from lottery.data.batches import MicroBatch


class RunningStatistics:
    """Keeps those of the first micro-batch of a batch, as DistributedDataParallel does."""

    def __init__(self, model: nn.Module) -> None:
        buffers = sorted(model.buffers(), key=lambda buffer: str(buffer.dtype))
        groups = itertools.groupby(buffers, key=lambda buffer: buffer.dtype)
        self._buffers = [list(group) for _, group in groups]  # one copy for each type
        self._kept = [[buffer.clone() for buffer in group] for group in self._buffers]

    @torch.no_grad()
    def keep_first(self, micro_batch: MicroBatch) -> None:
        """Call this after each forward pass of a training."""
        if micro_batch.first and micro_batch.last:
            return  # the only one
        for buffers, kept in zip(self._buffers, self._kept, strict=True):
            if micro_batch.first:
                torch._foreach_copy_(kept, buffers)
            else:
                torch._foreach_copy_(buffers, kept)
