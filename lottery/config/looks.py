"""Titles and labels of a figure: the config's text, with placeholders replaced."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from lottery import words
from lottery.config.entries import (
    PLACEHOLDERS,
    Curves,
    DenseFigure,
    EvaluatedCurves,
    EvaluatedFigure,
    FoundTicket,
    ImportedTicket,
)
from lottery.figure_specs import (
    AccuracyTable,
    EvaluatedSpec,
    LayersTable,
    PlotSpec,
    ShownCurve,
    ShownPanel,
)
from lottery.reports import rounds

if TYPE_CHECKING:
    from lottery.config.experiment import Config

Words = Mapping[str, str]
"""The replacement of each placeholder."""
IMPORTED = "imported"
"""What stands for all that nobody here knows of an imported ticket."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def plot(config: "Config", figure: str) -> PlotSpec:
    """How a figure is drawn."""
    entry, table = config.figures[figure], config.aggregate(figure).table
    points = len(table.curves) * len(getattr(table, "seeds", ()))
    if isinstance(table, AccuracyTable | LayersTable):
        points = sum(len(rounds(curve, table)) for curve in table.curves) * len(table.seeds)
    early = {
        (curve.panel, curve.curve)
        for curve in (table.curves if isinstance(table, AccuracyTable) else ())
        if _early(curve)
    }
    return PlotSpec(
        figure=figure,
        kind=table.kind,
        title=fill(entry.title, *_words(config, *entry.panels.values())),
        scale=config.scale,
        panels=tuple(
            ShownPanel(
                panel=name,
                title=_headline(block.title or name, _words(config, block)),
                curves=tuple(
                    ShownCurve(
                        curve=key,
                        label=fill(curve.label or key, _words_of(config, curve.ticket)),
                        early=(name, key) in early,
                    )
                    for key, curve in block.curves.items()
                ),
                **(_axes(config, block) if entry.kind == "accuracy" else {}),
            )
            for name, block in entry.panels.items()
        ),
        columns=min(entry.columns or len(entry.panels), len(entry.panels)),
        points=points,
        partial=config.partial,
    )


def fill(text: str, *tickets: Words) -> str:
    """The text with its placeholders replaced; for several tickets, by each distinct value once."""

    def replacement(found: re.Match[str]) -> str:
        return " / ".join(dict.fromkeys(ticket[found[1]] for ticket in tickets))

    return _PLACEHOLDER.sub(replacement, text)


def unknown(text: str) -> list[str]:
    """The words in braces that are no placeholders."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def texts(entry: EvaluatedFigure | DenseFigure) -> Iterator[tuple[str, str]]:
    """All titles and labels of a figure that may hold placeholders, by their key in the entry."""
    yield "title", entry.title
    for name, block in entry.panels.items():
        yield f"panels.{name}.title", block.title or name
        for key, curve in block.curves.items():
            yield f"panels.{name}.curves.{key}", curve.label or key


def _headline(text: str, tickets: Iterable[Words]) -> str:
    """A title that begins with what was trained begins with a capital."""
    filled = fill(text, *tickets)
    return filled[:1].upper() + filled[1:] if text.startswith("{") else filled


def _words(config: "Config", *blocks: Curves) -> list[Words]:
    """The values for the found tickets in these blocks, or for others that are on their own.

    The data set of a block of evaluated tickets is the one they are evaluated on.
    """
    found = []
    for block in blocks:
        tickets = [curve.ticket for curve in block.curves.values()]
        named = [t for t in tickets if isinstance(config.tickets[t], FoundTicket)] or tickets
        for ticket in named:
            says = _words_of(config, ticket)
            if isinstance(block, EvaluatedCurves):
                dataset = config.evaluations[block.evaluation].dataset
                says = {**says, "dataset": config.datasets[dataset].label}
            found.append(says)
    return found


def _words_of(config: "Config", ticket: str) -> Words:
    chain, own = config.chain(ticket, 0), config.tickets[ticket]
    if isinstance(own, ImportedTicket):
        return {
            "dataset": config.datasets[own.dataset].label if own.dataset else IMPORTED,
            "network": words.network(chain.architecture, own.architecture),
            "rewind": IMPORTED,
            "scope": words.scope(chain),
            "subset": IMPORTED,
        }
    entry = config.found(ticket)
    return {
        "dataset": config.datasets[entry.dataset].label,
        "network": words.network(chain.architecture, entry.architecture),
        "rewind": words.rewind(config.rewinds[entry.rewind]),
        "scope": words.scope(chain),
        "subset": words.subset(config.subsets[entry.subset], entry.task),
    }


def _early(curve: EvaluatedSpec) -> bool:
    """Whether its round 0 starts from a W_k."""
    rewound = curve.chain.rewound
    rewind = rewound.training.rewind if rewound and rewound.training else None
    return rewind is not None and not rewind.none and not curve.shares(0)


def _axes(config: "Config", block: Curves) -> dict[str, str]:
    """What the axes of a panel of accuracies count."""
    assert isinstance(block, EvaluatedCurves)  # a figure of accuracies has no others
    scopes = {words.counted(config.chain(curve.ticket, 0)) for curve in block.curves.values()}
    dataset = config.evaluations[block.evaluation].dataset
    return {
        "scope": scopes.pop() if len(scopes) == 1 else "of those that are pruned",
        "split": words.split(config.dataset(dataset)),
    }
