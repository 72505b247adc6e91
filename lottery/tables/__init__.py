"""Tidy tables, one module per kind of figure: the rows that it is drawn from. None needs torch.

Each offers `COLUMNS` and `rows(figure, table, results, read)`, where `read(path, what, spec)` is a
checked report, or None if it does not exist yet and the figure may be partial.
"""

from collections.abc import Callable
from typing import Any

from lottery.specs import Spec

Read = Callable[[str, str, Spec], dict[str, Any] | None]
Rows = list[dict[str, object]]
