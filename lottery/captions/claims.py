"""The scoreboard of the paper's claims, for the report."""

from collections import Counter
from functools import cached_property
from pathlib import Path

from lottery.captions import numbers
from lottery.captions.caption import Caption


class ClaimsCaption(Caption):
    """The claims and their verdicts, by section, and the text around them."""

    def __init__(self, table: str, text: str) -> None:
        super().__init__(table)
        self._text = text

    @cached_property
    def sections(self) -> dict[str, list[dict[str, str]]]:
        """The rows of the scoreboard by section of the paper."""
        found: dict[str, list[dict[str, str]]] = {}
        for row in numbers.rows(Path(self.path).read_bytes()):
            found.setdefault(row["section"], []).append({**row, "effect": _effect(row)})
        return found

    @property
    def counts(self) -> str:
        """`holds: 3, cannot tell: 20`."""
        verdicts = Counter(row["verdict"] for rows in self.sections.values() for row in rows)
        return ", ".join(f"{verdict}: {count}" for verdict, count in verdicts.most_common())

    @cached_property
    def _parts(self) -> tuple[str, str]:
        """What the scoreboard's own text says before and after its table."""
        before, _, rest = Path(self._text).read_text().partition("\n\n|")
        return before, rest.partition("\n\n")[2]

    @property
    def scale(self) -> str:
        """What the claims were held against."""
        return self._parts[0].split("\n")[0]

    @property
    def legend(self) -> str:
        """How they are judged."""
        return self._parts[1]


def _effect(row: dict[str, str]) -> str:
    if not row["effect"]:
        return ""
    sign = "+" if row["unit"] == "points" else ""
    error = f" ± {float(row['standard_error']):.2f}" if row["standard_error"] else ""
    return f"{float(row['effect']):{sign}.2f}{error} {row['unit']}"
