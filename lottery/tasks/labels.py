"""Label classification: cross-entropy on the data set's own labels."""

from torch import Tensor
from torch.nn.functional import cross_entropy


class Task:
    """See `lottery.tasks.Task`."""

    views = 1

    def outputs(self, classes: int) -> int:
        """One logit per class."""
        return classes

    def examples(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The images and their labels as they are."""
        return pixels, labels

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy."""
        return cross_entropy(logits, targets)
