"""Trainings that diverge end at once, with the update at which they did."""

import torch
from torch import nn

from lottery.errors import LotteryError
from lottery.training.checkpoints import Checkpoints

LARGEST = 1e6
"""A loss that no training recovers from; at the start it is 1 to 20."""
CHECKED_EVERY = 100
"""Updates between two checks of the losses; a check after each update would make a GPU wait."""


def check_losses(losses: list[float], updates: int, checkpoints: Checkpoints | None) -> None:
    """Check the losses of the last few of `updates` updates.

    Raises: LotteryError, with the update, if a loss is too large or NaN.
    """
    for index, loss in enumerate(losses):
        if not loss < LARGEST:  # true for NaN too
            raise _diverged(f"the loss is {loss}", updates - len(losses) + index + 1, checkpoints)


def check_weights(model: nn.Module, updates: int, checkpoints: Checkpoints | None) -> None:
    """Check the weights after `updates` updates.

    Raises: LotteryError if a weight is not finite.
    """
    if not all(torch.stack([w.isfinite().all() for w in model.parameters()]).tolist()):
        raise _diverged("a weight is not finite", updates, checkpoints)


def _diverged(what: str, update: int, checkpoints: Checkpoints | None) -> LotteryError:
    last = checkpoints.last() if checkpoints else None
    return LotteryError(
        f"{what} at update {update}: the training diverged; lower the recipe's learning_rate"
        + (f" (the last good checkpoint is {last})" if last else "")
    )
