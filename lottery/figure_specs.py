"""Specs of the stages `aggregate` and `plot`: the rows of a figure's table, and how to draw it."""

from typing import Annotated, Literal

from pydantic import Field

from lottery.specs import Chain, Dataset, GenerateSpec, Head, Recipe, SparsitySpec, Spec

BUDGET = 0.01
"""The fraction by which what lies behind two networks may differ for their budgets to be equal."""
LIFELESS = ("dead", "stalled", "collapsed")
"""Columns of a table of accuracies that are 1 where a network has learned nothing: it gives one
answer to all images, has the loss of one, or one embedding."""


class CurveSpec(Spec):
    """One curve, or one row: a ticket under its name on the figure, for any seed."""

    panel: str
    curve: str
    chain: Chain


class EvaluatedSpec(CurveSpec):
    """A ticket and how it is evaluated."""

    evaluation: str
    dataset: Dataset
    recipe: Recipe
    head: Head = "keep"
    shared: bool = Field(description="the chain's own trainings are its evaluations")
    dense_rewound: bool = Field(
        False, description="all but that of round 0, where its evaluation starts from W_k too"
    )

    def shares(self, round: int) -> bool:
        """Whether the chain's own training of a round is its evaluation."""
        return self.shared and not (round == 0 and self.dense_rewound)


class AccuracyTable(Spec):
    """The accuracy of each curve's tickets, per seed and round."""

    kind: Literal["accuracy"]
    curves: tuple[EvaluatedSpec, ...]
    seeds: tuple[int, ...]
    rounds: tuple[int, ...]


class CostTable(Spec):
    """The cost of finding and evaluating the tickets of each curve, per seed, over all rounds."""

    kind: Literal["cost"]
    curves: tuple[EvaluatedSpec, ...]
    seeds: tuple[int, ...]
    rounds: tuple[int, ...]


class LayersTable(Spec):
    """What remains of each layer in each curve's tickets, per seed and round."""

    kind: Literal["layers"]
    curves: tuple[EvaluatedSpec, ...]
    seeds: tuple[int, ...]
    rounds: tuple[int, ...]


class SparsityTable(Spec):
    """The sorted magnitudes of each curve's dense trained network, per seed."""

    kind: Literal["sparsity"]
    curves: tuple[CurveSpec, ...]
    seeds: tuple[int, ...]
    zero_threshold: float
    cuts: tuple[float, ...]

    def report(self, curve: CurveSpec, seed: int) -> SparsitySpec:
        """The report of one dense network."""
        dense = GenerateSpec.of(curve.chain.with_seed(seed), 0)
        return SparsitySpec(dense=dense, cuts=self.cuts)


class RewindTable(Spec):
    """Where each row's rewind point lies in its training (Table 1); computed, never measured."""

    kind: Literal["rewind"]
    curves: tuple[CurveSpec, ...]


class AggregateSpec(Spec):
    """The table that one figure is drawn from."""

    figure: str
    table: Annotated[
        AccuracyTable | CostTable | LayersTable | SparsityTable | RewindTable,
        Field(discriminator="kind"),
    ]
    partial: bool = Field(False, description="leave out results that are still missing")


class ShownCurve(Spec):
    """A curve, or a row: its name in the table and its label on the figure."""

    curve: str
    label: str
    early: bool = Field(
        False,
        description="its round 0 is W_k of its own task, unpruned; that of other curves is a dense "
        "network trained from initialisation",
    )


class ShownPanel(Spec):
    """One set of axes, or one block of rows: its name in the table and its texts."""

    panel: str
    title: str
    curves: tuple[ShownCurve, ...]
    scope: str = Field("", description="which convolutions are pruned; none if all layers are")
    split: str = Field("test", description="the name of the split that accuracy is measured on")


class PlotSpec(Spec):
    """What a figure shows beyond its table."""

    figure: str
    kind: Literal["accuracy", "cost", "layers", "sparsity", "rewind"]
    title: str
    scale: str
    panels: tuple[ShownPanel, ...]
    columns: int = Field(ge=1, description="panels side by side; of kind layers, each is a row")
    points: int = Field(description="tickets, or networks, of the complete figure")
    partial: bool = False


class ClaimsSpec(Spec):
    """Which tables the paper's claims are checked against, and at which scale."""

    scale: str
    figures: tuple[str, ...]
