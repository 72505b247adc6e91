"""RotNet (Gidaris et al., 2018): which of four rotations was applied to the image."""

import math

import torch
from torch import Tensor

from lottery.data.sources import View
from lottery.tasks import labels as plain


class Task(plain.Task):
    """All four rotations of each image are in the batch; labels are never read."""

    views = 4

    def outputs(self, classes: int) -> int:
        """One logit per rotation."""
        return self.views

    def examples(
        self, view: View, labels: Tensor, stream: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Copy k of the batch is rotated by k * 90 degrees and has target k."""
        return rotations(view())

    def indifferent(self, labels: Tensor) -> float | None:
        """The loss if all four rotations are equally likely."""
        return math.log(self.views)

    def chance(self, labels: Tensor) -> float:
        """Each rotation is as frequent as the others."""
        return 1 / self.views


def rotations(images: Tensor) -> tuple[Tensor, Tensor]:
    """(4 * B, 3, H, W): the batch by 0, 90, 180 and 270 degrees, and which, int64 (4 * B,)."""
    rotated = torch.cat([images.rot90(k, dims=(2, 3)) for k in range(4)])
    return rotated, torch.arange(4, device=images.device).repeat_interleave(len(images))
