"""Randomly permuted labels: images and labels decorrelated (Section 4.2, Figure 4)."""

import torch
from torch import Tensor

from lottery import seeds
from lottery.tasks import labels as plain


class Task(plain.Task):
    """Label classification on one fixed permutation of the training labels."""

    def supervise(self, labels: Tensor, seed: int) -> Tensor:
        """The labels, permuted over the images: each class keeps its number of images."""
        stream = seeds.generator(seed, "permuted labels")
        order = torch.randperm(len(labels), generator=stream)
        return labels[order.to(labels.device)]
