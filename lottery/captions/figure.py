"""What the report says of one figure: of its drawing, its table and its tickets."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lottery import config, headers, paths, records
from lottery.captions import numbers
from lottery.captions.caption import Caption, escaped
from lottery.captions.numbers import Grid
from lottery.captions.tickets import Labels, Ticket, stand_ins, tickets
from lottery.config import Config
from lottery.errors import LotteryError
from lottery.figure_specs import AggregateSpec, PlotSpec
from lottery.specs import Spec, changes, parse_in

_Any = TypeVar("_Any", bound=Spec)
MOST = 2000
"""Rows of a table that the report prints; all are in the file."""


class StandIn(NamedTuple):
    """An entry of the config as it was run, and as the paper has it."""

    entry: str
    here: str
    paper: str


class FigureCaption(Caption):
    """A figure, as the headers of its table and its drawing describe it."""

    def __init__(self, settings: Config, paper: str, figure: str) -> None:
        """`settings` is the config of this run, `paper` the file of the paper's own."""
        super().__init__(paths.table(paths.results(settings.scale), figure))
        self.figure = figure
        self.scale = settings.scale
        self._config, self._paper = settings, paper
        self._drawing = f"{paths.figures(settings.scale)}/{figure}.png"

    @cached_property
    def drawn(self) -> PlotSpec:
        """How it was drawn; how it would be, if there is only its table yet."""
        if not Path(self._drawing).exists():
            return self._config.plot(self.figure)
        return _spec(PlotSpec, self._drawing, headers.read(self._drawing))

    @property
    def title(self) -> str:
        """The title that is on it, as reStructuredText."""
        return escaped(self.drawn.title)

    @cached_property
    def _read(self) -> tuple[dict[str, Any], list[dict[str, str]]]:
        about, text = records.table(self.path)
        return about, numbers.rows(text)

    @cached_property
    def made(self) -> AggregateSpec:
        """What its table was made from."""
        return _spec(AggregateSpec, paths.beside(self.path), self._read[0])

    @property
    def about(self) -> Mapping[str, Any]:
        """The header of its table: revision, date, versions."""
        return self._read[0]

    @property
    def adopted(self) -> list[str]:
        """Why results that it was made from were adopted under other code."""
        return list(records.Input.of(self.path, self.about).adopted)

    @property
    def changed(self) -> list[str]:
        """In what the present config differs from what was run."""
        table = changes(self._config.aggregate(self.figure), self.about["spec"])
        return table or changes(self._config.plot(self.figure), self.drawn.model_dump(mode="json"))

    @property
    def seeds(self) -> list[int]:
        """The seeds that it shows; none if nothing of it is trained."""
        return list(getattr(self.made.table, "seeds", ()))

    @property
    def rounds(self) -> str:
        """The rounds that it shows, in words."""
        found = getattr(self.made.table, "rounds", ())
        return numbers.listed(found) if found else ""

    @property
    def shown(self) -> int:
        """The curves, or rows."""
        return sum(len(panel.curves) for panel in self.drawn.panels)

    @property
    def accuracies(self) -> list[Grid]:
        """Of a figure of accuracies, its numbers panel by panel."""
        if self.drawn.kind != "accuracy":
            return []
        return [numbers.accuracies(self._read[1], panel) for panel in self.drawn.panels]

    @property
    def rows(self) -> Grid:
        """The table itself, without what is the same in all rows."""
        return numbers.everything(self._read[1], MOST)

    @property
    def count(self) -> int:
        """The rows that the table has."""
        return len(self._read[1])

    @property
    def tickets(self) -> list[Ticket]:
        """Its tickets, with all that determines them."""
        several = len(self.drawn.panels) > 1
        names = {
            (panel.panel, curve.curve): curve.label + (f" in {panel.title}" if several else "")
            for panel in self.drawn.panels
            for curve in panel.curves
        }
        return tickets(self.made, names, _labels(self._config))

    @property
    def stand_ins(self) -> list[StandIn]:
        """Data, networks, recipes, seeds and rounds: as they were run, and in the paper."""
        here = stand_ins(self.made, _labels(self._config))
        return [StandIn(key, said, self._in_the_paper.get(key, "")) for key, said in here.items()]

    @property
    def compared(self) -> bool:
        """Whether the paper has this figure, and has it otherwise."""
        paper = self._in_the_paper
        return bool(paper) and paper != {each.entry: each.here for each in self.stand_ins}

    @cached_property
    def _in_the_paper(self) -> dict[str, str]:
        """The same of the paper's own figure of this name, if it has one."""
        paper = config.load([self._paper])
        known = self.figure in paper.figures
        return stand_ins(paper.aggregate(self.figure), _labels(paper)) if known else {}


def _labels(settings: Config) -> Labels:
    return {name: entry.label for name, entry in settings.datasets.items()}


def _spec(kind: type[_Any], path: str, header: Mapping[str, Any]) -> _Any:
    try:
        return parse_in(kind, header)
    except LotteryError as error:
        raise LotteryError(f"{path}: made by another version, make it again: {error}") from None
