"""Low-shot subsets (Section 4.2): a share of each class's images, or a share of the classes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lottery import seeds
from lottery.errors import LotteryError
from lottery.specs import Subset


def draw(labels: Tensor, subset: Subset, seed: int | None, names: Sequence[str] = ()) -> Tensor:
    """Indices of the drawn images, int64 and increasing; `names` are those of the classes.

    Images are drawn per class, so class balance is kept; drawn classes keep all their images. A
    share of n images or classes draws `round(share * n)` of them.

    Raises: LotteryError if a class would have no images, or fewer than asked for, or if fewer than
        two classes would remain.
    """
    if subset == Subset():
        return torch.arange(len(labels))
    if seed is None:
        raise LotteryError("a subset that is drawn needs a seed")
    classes = torch.unique(labels)
    if subset.classes is not None:
        count = _count(subset.classes, len(classes), "classes", least=2)
        order = torch.randperm(len(classes), generator=seeds.generator(seed, "subset classes"))
        classes = classes[order[:count]].sort().values
    drawn = []
    for label in classes.tolist():
        members = torch.nonzero(labels == label).flatten()
        if subset.images is not None:
            name = names[label] if names else label
            count = _count(subset.images, len(members), f"images of class {name!r}", least=1)
            stream = seeds.generator(seed, "subset images", label)
            members = members[torch.randperm(len(members), generator=stream)[:count]]
        drawn.append(members)
    return torch.cat(drawn).sort().values


def _count(asked: float | int, available: int, of_what: str, least: int) -> int:
    count = asked if isinstance(asked, int) else round(asked * available)
    if not least <= count <= available:
        raise LotteryError(
            f"subset: {asked} of {available} {of_what} is {count}, "
            f"must be between {least} and {available}"
        )
    return count
