"""The entries of config.yaml as typed classes: allowed keys and values, and what they mean."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Discriminator, Field, Tag

from lottery.specs import (
    BaselineName,
    CriterionName,
    Dataset,
    Fraction,
    Head,
    ImageFormat,
    Sha256,
    Spec,
    Start,
    TaskName,
)

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Names become folder and file names: lower-case words joined by hyphens."""


class DatasetEntry(ImageFormat):
    """A data set: what it is, and where this machine has it."""

    label: str = Field(description="its name on figures")
    root: str | None = Field(None, min_length=1, description="folder on this machine")
    obtain: str = Field("", description="how to get it, for whoever lacks it")

    def identity(self, name: str) -> Dataset:
        """The part of the entry that can change a result."""
        return Dataset(name=name, **self.model_dump(exclude={"label", "root", "obtain"}))


Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
Rounds = Annotated[tuple[Annotated[int, Field(ge=0, le=99)], ...], Field(min_length=1)]


class PruningEntry(Spec):
    """Iterative pruning (Section 3.2)."""

    fraction: Fraction = Field(description="fraction of the remaining weights pruned per round")
    criterion: CriterionName = Field(
        "magnitude", description="which weights go first: those with the lowest score"
    )
    dead_taps: Literal["keep", "exclude"] = Field(
        "keep",
        description="weights that only ever meet zero padding: prunable like all others, or zero "
        "from the start and counted neither as remaining nor as pruned",
    )
    evaluated_rounds: Rounds = Field(
        description="rounds whose tickets are evaluated; generation runs up to the last"
    )


class SparsityEntry(Spec):
    """Natural sparsity (Section 4.5)."""

    zero_threshold: float = Field(gt=0, description="|w| up to this counts as zeroed")
    cuts: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        min_length=1, description="further thresholds, to see how much depends on it"
    )


class FoundTicket(Spec):
    """A ticket found by training and pruning."""

    dataset: str
    subset: str = "all"
    architecture: str
    task: TaskName
    recipe: str
    rewind: str
    criterion: CriterionName | None = Field(None, description="default: that of `pruning`")
    convolutions: int | None = Field(
        None, ge=1, description="prune only this many first convolutions (Appendix C)"
    )


class DenseName(NamedTuple):
    """A dense network, identified by names of entries; joined by slashes as text and as a folder.

    Tickets share it if these names agree; another entry with the same content does not count.
    """

    dataset: str
    subset: str
    architecture: str
    task: str
    recipe: str

    @classmethod
    def of(cls, ticket: FoundTicket) -> "DenseName":
        """The dense network of a found ticket."""
        return cls(*(getattr(ticket, field) for field in cls._fields))

    @classmethod
    def parse(cls, text: str) -> "DenseName":
        """From its text."""
        return cls(*text.split("/"))

    def __str__(self) -> str:
        return "/".join(self)


Budget = Literal["paper", "equal"]


class BaselinesEntry(Spec):
    """What found tickets are compared with, unless a baseline's own entry says otherwise."""

    start: Start = Field(
        "init",
        description="the weights of baselines: drawn anew, or W_k of the found ticket; of a "
        "reinitialised one then all but its prunable weights; with `rewind` dense networks at "
        "round 0 are evaluated from W_k too",
    )
    budget: Budget = Field(
        "paper",
        description="how long drawn weights are trained: as the recipe says, or `equal`, as long "
        "as W_k was trained before; dense networks at round 0 likewise; but for baselines of "
        "tickets that are not rewound, of which each round has another budget",
    )


class BaselineTicket(Spec):
    """A ticket to compare a found ticket with."""

    baseline: BaselineName
    of: str = Field(
        description="the found ticket whose count, natural zeros, counts by layer or mask it has"
    )
    start: Start | None = Field(None, description="default: that of `baselines`")
    budget: Budget | None = Field(None, description="default: that of `baselines`")


class ImportedTicket(Spec):
    """A ticket that others found: `lottery import` reads its mask and weights from a file."""

    imported: Sha256 = Field(description="SHA-256 of the file, as `sha256sum FILE` tells it")
    architecture: str
    dataset: str | None = Field(
        None,
        description="the data set whose classes its last layer tells apart, which is kept in "
        "evaluations on this data set; everywhere else that layer is drawn anew",
    )


def _kind(ticket: Any) -> str:
    keys = ticket if isinstance(ticket, Mapping) else getattr(ticket, "__dict__", ())
    if "imported" in keys:
        return "imported"
    return "baseline" if "baseline" in keys or "of" in keys else "found"


Ticket = Annotated[
    Annotated[FoundTicket, Tag("found")]
    | Annotated[BaselineTicket, Tag("baseline")]
    | Annotated[ImportedTicket, Tag("imported")],
    Discriminator(_kind),
]


class EvaluationEntry(Spec):
    """How tickets are evaluated: label classification on a full data set."""

    dataset: str
    recipe: str
    head: Head = Field(
        "keep",
        description="the last layer of W_k: kept where it tells the same classes apart, or drawn "
        "anew for all tickets",
    )


PLACEHOLDERS = ("dataset", "network", "rewind", "scope", "subset")
"""Placeholders of titles and labels: in {braces}, each is replaced by what was trained."""


class CurveEntry(Spec):
    """A ticket and its name on the figure; `NAME: ticket` is short for one without a label.

    The key of a curve is its name in the table and selects its colour and marker.
    """

    ticket: str
    label: str | None = Field(
        None,
        description="its label in the legend (default: its key); {dataset}, {network}, {rewind}, "
        "{scope} and {subset} in it become the ticket's",
    )


def _with_ticket(value: Any) -> Any:
    return {"ticket": value} if isinstance(value, str) else value


Curve = Annotated[
    CurveEntry, BeforeValidator(_with_ticket, json_schema_input_type=str | CurveEntry)
]


class Curves(Spec):
    """One set of axes, or one block of rows: tickets by their name on the figure."""

    title: str | None = Field(
        None,
        description="its title (default: its key); {dataset}, {network}, {rewind}, "
        "{scope} and {subset} in it become those of its tickets",
    )
    curves: dict[str, Curve] = Field(min_length=1)


class EvaluatedCurves(Curves):
    """Tickets and how they are evaluated."""

    evaluation: str


class _FigureEntry(Spec):
    title: str = Field(
        description="{dataset}, {network}, {rewind}, {scope} and {subset} in it become those of "
        "its tickets; the {dataset} of evaluated tickets is the one they are evaluated on"
    )
    columns: int | None = Field(
        None,
        ge=1,
        description="panels side by side; default: all (of kind layers, rounds are side by side)",
    )
    seeds: Seeds | None = Field(None, description="seeds in place of the config's")


class EvaluatedFigure(_FigureEntry):
    """A figure, or a table, of evaluated tickets."""

    kind: Literal["accuracy", "cost", "layers"]
    panels: dict[str, EvaluatedCurves] = Field(min_length=1)
    evaluated_rounds: Rounds | None = Field(None, description="rounds in place of the config's")


class DenseFigure(_FigureEntry):
    """A figure, or a table, of tickets' dense trainings."""

    kind: Literal["sparsity", "rewind"]
    panels: dict[str, Curves] = Field(min_length=1)


FigureEntry = Annotated[EvaluatedFigure | DenseFigure, Field(discriminator="kind")]
