"""The formats of data sets."""

from typing import NamedTuple

from lottery.catalogue import Catalogue


class Format(NamedTuple):
    """What a config needs to know about a format."""

    embedded: bool = False
    """Whether its images come with the installed packages, so that it has no folder."""
    archive: str | None = None
    """Sub-folder that holds the data set; for class folders it is in the config."""
    class_folders: bool = False
    """Whether it is class folders of image files, which can be streamed and stored at any size."""


FORMATS = Catalogue(
    "format",
    {
        "digits": Format(embedded=True),
        "letters": Format(embedded=True),
        "photographs": Format(embedded=True),
        "cifar10": Format(archive="cifar-10-batches-py"),
        "folder": Format(class_folders=True),
    },
)
