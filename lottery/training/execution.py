"""How a network is executed: by which processes, in which precision, compiled or not."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lottery.data.augment import normalise
from lottery.models.layout import layout
from lottery.specs import ImageFormat, Precision
from lottery.training.distributed import World
from lottery.training.precision import autocast


@dataclass(frozen=True)
class Execution:
    """What one training runs on, and how; not part of what determines its result."""

    world: World = field(default_factory=World)
    precision: Precision = "float32"
    compiled: bool = False


class Network:
    """A model in training, under one execution.

    It is compiled for micro-batches of `usual` inputs only, so that there is a single graph; the
    few micro-batches of another size run uncompiled.
    """

    def __init__(
        self, model: nn.Module, dataset: ImageFormat, execution: Execution, usual: int
    ) -> None:
        self._dataset, self._execution, self._usual = dataset, execution, usual
        self._arrangement = layout(model)
        self._wrapped = execution.world.wrap(model)
        self._compiled = self._compile() if execution.compiled else self._wrapped

    def __call__(self, inputs: Tensor) -> Tensor:
        """Outputs (n, outputs), float32, for uint8 inputs (n, 3, H, H)."""
        network = self._compiled if len(inputs) == self._usual else self._wrapped
        return forward(network, inputs, self._dataset, self._arrangement, self._execution.precision)

    def synchronised(self, last: bool) -> AbstractContextManager[None]:
        """Around forward and backward: the all-reduce of the gradients follows the `last` one."""
        return self._execution.world.accumulating(self._wrapped, more=not last)

    def _compile(self) -> Callable[..., Tensor]:
        """With torch.compile, which on a CPU chooses channels last unless told otherwise."""
        chosen = self._arrangement == torch.channels_last
        return torch.compile(self._wrapped, dynamic=False, options={"layout_optimization": chosen})


def forward(
    network: Callable[..., Tensor],
    inputs: Tensor,
    dataset: ImageFormat,
    arrangement: torch.memory_format,
    precision: Precision,
) -> Tensor:
    """Outputs, always float32, for uint8 inputs (n, 3, H, H) of a data set."""
    with autocast(precision, inputs.device):
        pixels = normalise(inputs, dataset)
        outputs = network(pixels.contiguous(memory_format=arrangement))
    return outputs.float() if outputs.dtype == torch.bfloat16 else outputs
