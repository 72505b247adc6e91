"""The generation tasks (Section 3.1)."""

from typing import NamedTuple

from lottery.catalogue import Catalogue


class TaskEntry(NamedTuple):
    """What a config needs to know about a task."""

    views: int
    """Network inputs per image."""
    classifies: bool = False
    """Whether the first outputs of its network are the classes of the data set."""
    hides_labels: bool = False
    """Whether it trains on all images, with labels for half of each batch: it needs a subset of
    labelled images, and an epoch is one pass over these."""


TASKS = Catalogue(
    "task",
    {
        "labels": TaskEntry(views=1, classifies=True),
        "rotnet": TaskEntry(views=4),
        "exemplar": TaskEntry(views=2),
        "permuted-labels": TaskEntry(views=1),
        "semi-supervised": TaskEntry(views=4, classifies=True, hides_labels=True),
    },
)
