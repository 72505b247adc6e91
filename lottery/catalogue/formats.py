"""The formats of data sets."""

from typing import NamedTuple

from lottery.catalogue import Catalogue


class Format(NamedTuple):
    """What a config has to know of a format."""

    embedded: bool = False
    """Whether its images come with the installed packages, so that it has no folder."""
    archive: str | None = None
    """The folder inside the data set's own that it is in; of class folders the config says it."""
    class_folders: bool = False
    """Whether it is image files in folders by class, which can be streamed and kept at any size."""


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
