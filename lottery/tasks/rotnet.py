"""RotNet (Gidaris et al., 2018): which of four rotations was applied to the image?"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


class Task:
    """All four rotations of each image are in the batch; labels are never read."""

    views = 4

    def outputs(self, classes: int) -> int:
        """One logit per rotation."""
        return self.views

    def examples(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Copy k of the batch is rotated by k * 90 degrees and has target k."""
        rotated = [pixels.rot90(k, dims=(2, 3)) for k in range(self.views)]
        targets = torch.arange(self.views, device=pixels.device)
        return torch.cat(rotated), targets.repeat_interleave(len(pixels))

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        return cross_entropy(logits, targets)
