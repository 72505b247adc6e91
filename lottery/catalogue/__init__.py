"""The components that a config names: networks, tasks, data formats, pruning criteria.

One table for each kind. An entry holds what rules, configs and specs need to know about a
component; nothing here needs torch. Its implementation is in a module of the same name, which is
imported on first use (`lottery.models`, `lottery.tasks`, `lottery.data`,
`lottery.pruning.criteria`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Entry = TypeVar("Entry")


class Catalogue(Mapping[str, Entry]):
    """Entries by name; the error for an unknown name lists the known ones."""

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Entry:
        """Raises: ValueError for an unknown name."""
        if name not in self._entries:
            raise ValueError(
                f"unknown {self.kind} {name!r}, choose from {', '.join(self._entries)}"
            )
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def known(self, name: str) -> str:
        """The name, as pydantic validates it.

        Raises: ValueError for an unknown name.
        """
        self[name]
        return name

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a name."""
        return {"enum": list(self)}


def module(name: str) -> str:
    """The last part of a component's module: `permuted-labels` is in `permuted_labels.py`."""
    return name.replace("-", "_")
