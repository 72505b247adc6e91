"""The components that a config names: networks, tasks, data formats, pruning criteria.

One table for each kind. What rules, configs and specs need to know of a component stands in its
entry; nothing here needs torch. What a component computes is in a module of its name, which is
imported when it is used (`lottery.models`, `lottery.tasks`, `lottery.data`,
`lottery.pruning.criteria`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

Entry = TypeVar("Entry")


class Catalogue(Mapping[str, Entry]):
    """Entries by name; a name that is not there is told with those that are."""

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Entry:
        """Raises: ValueError for an unknown name."""
        if name not in self._entries:
            raise ValueError(f"unknown {self.kind} {name!r}, choose of {', '.join(self._entries)}")
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
        """What a JSON schema says of a name."""
        return {"enum": list(self)}


def module(name: str) -> str:
    """The last part of a component's module: `permuted-labels` is in `permuted_labels.py`."""
    return name.replace("-", "_")
