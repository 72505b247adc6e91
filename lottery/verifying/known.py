"""What is kept of the files that were read, for the checks of those that come after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor

from lottery.pruning.mask import Mask
from lottery.specs import Chain
from lottery.verifying.folder import File


class Labels(NamedTuple):
    """Of a data set, what its subsets are drawn from."""

    train: Tensor
    """int64 (N,), of the training images."""
    names: list[str]
    """Of the classes, if known."""
    digests: dict[str, str]
    """Of the images, by split."""


class Made(NamedTuple):
    """A file and what its header says that it was made from."""

    file: File
    inputs: Mapping[str, Mapping[str, str]]
    rewound: bool
    """Whether its input `early` is W_k of its ticket, the same in each round."""


@dataclass
class Known:
    """Filled as files are read; only the last mask is kept, of reports what tables show."""

    digests: dict[str, str] = field(default_factory=dict)
    """By path, as the header of each file has it."""
    made: list[Made] = field(default_factory=list)
    labels: dict[str, Labels] = field(default_factory=dict)
    """By the path of the images."""
    chains: dict[str, Chain] = field(default_factory=dict)
    """By group, that of the first file of a ticket and seed."""
    imported: dict[str, Mask] = field(default_factory=dict)
    """By path, the masks of imported tickets."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By path of a mask, how many weights remain of each layer."""
    shuffled: list[tuple[File, str]] = field(default_factory=list)
    """Shuffled masks, and the paths of the found ones as their headers have them."""
    early: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """By folder and number of updates, path and digest of the first W_k."""
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path: header and result, without what no table reads."""
    _mask: tuple[str, int, Mask] | None = None

    def keep_mask(self, folder: str, round: int, mask: Mask) -> None:
        """The mask of a round, in its folder."""
        self._mask = folder, round, mask

    def mask_in(self, folder: str) -> Mask | None:
        """The mask in a folder, if it was the last one."""
        return self._mask[2] if self._mask and self._mask[0] == folder else None

    def mask_before(self, folder: str) -> tuple[int, Mask] | None:
        """The last mask, and its round, if it is of the same ticket and seed."""
        if self._mask is None:
            return None
        same = self._mask[0].rpartition("/")[0] == folder.rpartition("/")[0]
        return self._mask[1:] if same else None
