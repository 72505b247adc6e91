"""The whole of config.yaml, typed, and the specs that its names resolve into."""

import itertools
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from lottery.catalogue.tasks import TASKS
from lottery.config import looks
from lottery.config.entries import (
    BaselinesEntry,
    BaselineTicket,
    DatasetEntry,
    DenseName,
    EvaluatedFigure,
    EvaluationEntry,
    FigureEntry,
    FoundTicket,
    ImportedTicket,
    Name,
    PruningEntry,
    Seeds,
    SparsityEntry,
    Ticket,
)
from lottery.figure_specs import (
    AccuracyTable,
    AggregateSpec,
    ClaimsSpec,
    CostTable,
    CurveSpec,
    EvaluatedSpec,
    LayersTable,
    PlotSpec,
    RewindTable,
    SparsityTable,
)
from lottery.specs import (
    Architecture,
    Baseline,
    Chain,
    Dataset,
    EvaluateSpec,
    GenerateSpec,
    ImagesSpec,
    Imported,
    ImportSpec,
    MaskSpec,
    Precision,
    Recipe,
    Rewind,
    SparsitySpec,
    Spec,
    Subset,
    SubsetSpec,
    Training,
    images_per_update,
    samples_at,
    samples_per_epoch,
)


class Config(Spec):
    """The whole config. Its methods resolve names into the specs that stages read."""

    scale: Name
    partial: bool = Field(
        False, description="draw figures from the results so far, and mark them as partial"
    )
    checkpoint_minutes: float = Field(
        5.0, ge=0, description="time between two checkpoints of a training"
    )
    keep_weights: bool = Field(
        True, description="keep W* of pruned rounds; otherwise only until the next mask is made"
    )
    max_minutes: int | None = Field(
        None,
        ge=3,
        description="time limit of a SLURM job in minutes, such as that of its partition; a longer "
        "training saves a checkpoint in time and resumes in the next job",
    )
    max_gpus: int = Field(
        1,
        ge=1,
        description="most GPUs for a training; it takes no more than its recipe's `micro_batches`",
    )
    gpus_per_node: int = Field(
        8, ge=1, description="a training on more GPUs than this takes several nodes"
    )
    seeds_per_gpu: int = Field(
        1,
        ge=1,
        description="on SLURM, seeds of a ticket whose trainings of a round share a job and its "
        "GPU, side by side; only of recipes that train on one GPU",
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1)] = Field(
        "auto",
        description="CPU threads of a training whose images are in memory; without a GPU, another "
        "number ends with other bits; auto: where there is no GPU, the cores over the trainings of "
        "the plan that run side by side, else 1",
    )
    loader: Literal["auto", "dali", "torchvision"] = Field(
        "auto", description="what decodes streamed images; auto: DALI where it is installed"
    )
    compile: bool = Field(False, description="train through torch.compile")
    precision: Precision = Field(
        "auto", description="of the recipes that say `auto`; what is trained in another one reruns"
    )
    seeds: Seeds
    pruning: PruningEntry
    baselines: BaselinesEntry = BaselinesEntry()
    sparsity: SparsityEntry
    datasets: dict[Name, DatasetEntry]
    subsets: dict[Name, Subset]
    architectures: dict[Name, Architecture]
    recipes: dict[Name, Recipe]
    """As written; what trains by one takes it from `recipe`."""
    rewinds: dict[Name, Rewind]
    tickets: dict[Name, Ticket]
    evaluations: dict[Name, EvaluationEntry]
    figures: dict[Name, FigureEntry] = Field(min_length=1)

    @cached_property
    def every_seed(self) -> tuple[int, ...]:
        """The seeds of the config and of its figures, increasing."""
        own = (entry.seeds or () for entry in self.figures.values())
        return tuple(sorted({*self.seeds, *itertools.chain.from_iterable(own)}))

    def figure_seeds(self, figure: str) -> tuple[int, ...]:
        """The seeds that a figure shows, increasing."""
        return tuple(sorted(self.figures[figure].seeds or self.seeds))

    def figure_rounds(self, figure: str) -> tuple[int, ...]:
        """The rounds that a figure shows, increasing."""
        own = getattr(self.figures[figure], "evaluated_rounds", None)
        return tuple(sorted(set(own or self.pruning.evaluated_rounds)))

    def dataset(self, name: str) -> Dataset:
        """The identity of a data set."""
        return self.datasets[name].identity(name)

    def recipe(self, name: str) -> Recipe:
        """A recipe, in the precision of the config where it says `auto`."""
        own = self.recipes[name]
        if own.precision != "auto":
            return own
        return own.model_copy(update={"precision": self.precision})

    def found(self, ticket: str) -> FoundTicket:
        """A found ticket's own entry; for a baseline, that of the found ticket it belongs to."""
        entry = self.tickets[ticket]
        if isinstance(entry, BaselineTicket):
            return self.found(entry.of)
        assert isinstance(entry, FoundTicket)  # an imported one was found elsewhere
        return entry

    def architecture_of(self, ticket: str) -> str:
        """The name of a ticket's network."""
        entry = self.tickets[ticket]
        return (entry if isinstance(entry, ImportedTicket) else self.found(ticket)).architecture

    @cached_property
    def rewinds_of(self) -> dict[str, dict[str, Rewind]]:
        """By dense network, the rewind points of all tickets that share it, by name and sorted."""
        found: dict[str, set[str]] = {}
        for name, entry in self.tickets.items():
            if isinstance(entry, FoundTicket):
                found.setdefault(self._chains[name].dense, set()).add(entry.rewind)
        return {
            dense: {name: self.rewinds[name] for name in sorted(names)}
            for dense, names in found.items()
        }

    @cached_property
    def starts(self) -> dict[str, Chain]:
        """By name, the chains (of seed 0) that evaluations of round 0 start from."""
        here = (chain for chain in self._chains.values() if not chain.imported)
        return {chain.start_name: chain.start() for chain in here}

    def _task(self, entry: FoundTicket) -> dict[str, Any]:
        return {
            "dataset": self.dataset(entry.dataset),
            "subset": self.subsets[entry.subset],
            "task": entry.task,
            "recipe": self.recipe(entry.recipe),
        }

    def _excluded_at(self, ticket: str) -> int | None:
        """The image size whose dead taps are not prunable in a ticket, if any are not."""
        if self.pruning.dead_taps == "keep":
            return None
        return self.datasets[self.found(ticket).dataset].image_size

    def _dense(self, of: Chain, baseline: Baseline) -> str:
        """The name of a baseline's dense network: by architecture if only its weights are drawn."""
        if baseline.start == "rewind":
            return of.dense
        name = f"random/{self.found(of.ticket).architecture}"
        if of.excluded_at is not None:
            name += f"-without-dead-taps-at-{of.excluded_at}"
        for unit, amount in baseline.longer or ():
            if amount and unit != "schedule":
                name += f"-after-{amount:.12g}-{unit}"
        return name

    def _longer(self, entry: BaselineTicket) -> Rewind | None:
        """The training that W_k of a baseline's found ticket has behind it, in samples.

        Batches of another size make other updates of as many samples. Where nobody says how many
        images there are, the point is kept in its own unit, which then is that of the evaluation.
        """
        found = self.found(entry.of)
        point, recipe = self.rewinds[found.rewind], self.recipes[found.recipe]
        budget = entry.budget or self.baselines.budget
        if budget == "paper" or point.none or point.schedule == "continue":
            return None  # a schedule that is continued has W_k's updates in it
        images = self.datasets[found.dataset]
        epoch = samples_per_epoch(images, self.subsets[found.subset], found.task)
        if epoch is None:
            return point
        batch = images_per_update(recipe, TASKS[found.task].views)
        seen = round(samples_at(point, epoch, batch, recipe.epochs))
        return Rewind(samples=seen) if seen else None

    @cached_property
    def _chains(self) -> dict[str, Chain]:
        """Every ticket's chain, of seed 0."""
        chains: dict[str, Chain] = {}
        found = {n: e for n, e in self.tickets.items() if isinstance(e, FoundTicket)}
        for name, entry in found.items():
            chains[name] = Chain(
                ticket=name,
                seed=0,
                dense=str(DenseName.of(entry)),
                architecture=self.architectures[entry.architecture],
                fraction=self.pruning.fraction,
                criterion=entry.criterion or self.pruning.criterion,
                convolutions=entry.convolutions,
                excluded_at=self._excluded_at(name),
                training=Training(
                    **self._task(entry),
                    rewind=self.rewinds[entry.rewind],
                    rewind_name=entry.rewind,
                ),
            )
        for name, other in self.tickets.items():
            if isinstance(other, BaselineTicket):
                of = chains[other.of]
                baseline = self._baseline(other, of)
                update = {
                    "ticket": name,
                    "dense": self._dense(of, baseline),
                    "criterion": "magnitude",  # unused by a baseline
                    "training": None,
                    "baseline": baseline,
                }
                chains[name] = of.model_copy(update=update)
            elif isinstance(other, ImportedTicket):
                chains[name] = self._imported(name, other)
        return chains

    def _imported(self, name: str, entry: ImportedTicket) -> Chain:
        dataset = entry.dataset and self.dataset(entry.dataset)
        return Chain(
            ticket=name,
            seed=0,
            dense="",  # nobody here has it
            architecture=self.architectures[entry.architecture],
            fraction=None,
            imported=Imported(sha256=entry.imported, dataset=dataset or None),
        )

    def _baseline(self, entry: BaselineTicket, of: Chain) -> Baseline:
        kind, start = entry.baseline, entry.start or self.baselines.start
        rewound = start == "rewind"
        adjusted, reads = kind == "adjusted-random", kind != "random" or rewound
        return Baseline(
            kind=kind,
            start=start,
            longer=None if rewound else self._longer(entry),
            zero_threshold=self.sparsity.zero_threshold if adjusted else None,
            of=(of.dense_training() if adjusted and not rewound else of) if reads else None,
        )

    @cached_property
    def evaluated_as(self) -> dict[str, set[str]]:
        """The evaluations of each ticket, by the figures that show it."""
        found: dict[str, set[str]] = {name: set() for name in self.tickets}
        for entry in self.figures.values():
            if isinstance(entry, EvaluatedFigure):
                for block in entry.panels.values():
                    for curve in block.curves.values():
                        found[curve.ticket].add(block.evaluation)
        return found

    def chain(self, ticket: str, seed: int) -> Chain:
        """All that determines a ticket's artifacts for one seed."""
        return self._chains[ticket].with_seed(seed)

    def images(self, dataset: str) -> ImagesSpec:
        """The decoding of a data set."""
        return ImagesSpec(dataset=self.dataset(dataset))

    def subset_draws(self) -> dict[tuple[str, str, int | None], SubsetSpec]:
        """Every draw of training indices, by data set, subset name and seed (None: not drawn)."""
        draws = {}
        for dataset in self.datasets:
            for name, subset in self.subsets.items():
                for seed in self.every_seed:
                    spec = SubsetSpec.of(self.dataset(dataset), subset, seed)
                    draws[dataset, name, spec.seed] = spec
        return draws

    def generate(self, ticket: str, seed: int, round: int) -> GenerateSpec:
        """The training of one round."""
        return GenerateSpec.of(self.chain(ticket, seed), round)

    def generate_dense(self, dense: str, seed: int) -> GenerateSpec:
        """The dense training of all tickets that share it; it saves W_k for each of them."""
        chain = next(c for c in self._chains.values() if c.training and c.dense == dense)
        spec = GenerateSpec.of(chain.with_seed(seed), 0)
        return spec.model_copy(update={"rewinds": self.rewinds_of[dense]})

    def mask(self, ticket: str, seed: int, round: int) -> MaskSpec:
        """The mask of one round."""
        return MaskSpec(chain=self.chain(ticket, seed), round=round)

    def imports(self, ticket: str) -> ImportSpec:
        """The mask and the weights of an imported ticket."""
        return ImportSpec.of(self.chain(ticket, 0))

    def evaluate(self, ticket: str, seed: int, round: int, evaluation: str) -> EvaluateSpec:
        """The evaluation of one round's ticket."""
        entry = self.evaluations[evaluation]
        dataset, recipe = self.dataset(entry.dataset), self.recipe(entry.recipe)
        return EvaluateSpec.of(self.chain(ticket, seed), round, dataset, recipe, entry.head)

    def evaluate_dense(self, start: str, seed: int, evaluation: str) -> EvaluateSpec:
        """The evaluation of a dense network: round 0 of all tickets that share it."""
        entry = self.evaluations[evaluation]
        dataset, recipe = self.dataset(entry.dataset), self.recipe(entry.recipe)
        chain = self.starts[start].with_seed(seed)
        return EvaluateSpec(chain=chain, round=0, dataset=dataset, recipe=recipe, head=entry.head)

    @cached_property
    def cuts(self) -> tuple[float, ...]:
        """The thresholds at which natural sparsity is reported, increasing."""
        return tuple(sorted({*self.sparsity.cuts, self.sparsity.zero_threshold}))

    def natural_sparsity(self, dense: str, seed: int) -> SparsitySpec:
        """The natural sparsity of a dense network."""
        return SparsitySpec(dense=self.generate_dense(dense, seed).trained(), cuts=self.cuts)

    def _evaluated(self, panel: str, name: str, ticket: str, evaluation: str) -> EvaluatedSpec:
        chain, entry = self.chain(ticket, 0), self.evaluations[evaluation]
        dataset, recipe = self.dataset(entry.dataset), self.recipe(entry.recipe)
        return EvaluatedSpec(
            panel=panel,
            curve=name,
            chain=chain,
            evaluation=evaluation,
            dataset=dataset,
            recipe=recipe,
            head=entry.head,
            shared=entry.head == "keep" and shares_trainings(chain, dataset, recipe),
            dense_rewound=self._rewinds_dense and keeps_a_point(chain),
        )

    @property
    def _rewinds_dense(self) -> bool:
        """Whether dense networks are evaluated from W_k too, as baselines have its training."""
        return self.baselines.budget == "equal" or self.baselines.start == "rewind"

    def aggregate(self, figure: str) -> AggregateSpec:
        """The table of a figure; the seed of its chains is left at 0."""
        entry, seeds = self.figures[figure], self.figure_seeds(figure)
        table: AccuracyTable | CostTable | LayersTable | SparsityTable | RewindTable
        if isinstance(entry, EvaluatedFigure):
            evaluated = tuple(
                self._evaluated(panel, name, curve.ticket, block.evaluation)
                for panel, block in entry.panels.items()
                for name, curve in block.curves.items()
            )
            rounds = self.figure_rounds(figure)
            shown: dict[str, Any] = {"curves": evaluated, "seeds": seeds, "rounds": rounds}
            if entry.kind == "cost":
                table = CostTable(kind="cost", **shown)
            elif entry.kind == "layers":
                table = LayersTable(kind="layers", **shown)
            else:
                table = AccuracyTable(kind="accuracy", **shown)
        else:
            curves = tuple(
                CurveSpec(panel=panel, curve=name, chain=self.chain(curve.ticket, 0))
                for panel, block in entry.panels.items()
                for name, curve in block.curves.items()
            )
            if entry.kind == "rewind":
                table = RewindTable(kind="rewind", curves=curves)
            else:
                table = SparsityTable(
                    kind="sparsity",
                    curves=curves,
                    seeds=seeds,
                    zero_threshold=self.sparsity.zero_threshold,
                    cuts=self.cuts,
                )
        return AggregateSpec(figure=figure, table=table, partial=self.partial)

    def plot(self, figure: str) -> PlotSpec:
        """How a figure is drawn."""
        return looks.plot(self, figure)

    def claims(self) -> ClaimsSpec:
        """Which tables the paper's claims are checked against."""
        return ClaimsSpec(scale=self.scale, figures=tuple(sorted(self.figures)))


def keeps_a_point(chain: Chain) -> bool:
    """Whether retrainings of a found ticket come after W_k and take a whole schedule."""
    rewind = chain.training.rewind if chain.training else None
    return rewind is not None and not rewind.none and rewind.schedule == "restart"


def shares_trainings(chain: Chain, dataset: Dataset, recipe: Recipe) -> bool:
    """Whether a chain's own training of round r is the evaluation of its ticket r.

    True if the generation task is the evaluation itself: the same labels, all of the same
    images, the same recipe; rewind point and seed are the chain's in both. Round 0 is then the
    dense network trained from its initialisation.
    """
    found = chain.training
    return found is not None and (found.task, found.dataset, found.subset, found.recipe) == (
        "labels",
        dataset,
        Subset(),
        recipe,
    )
