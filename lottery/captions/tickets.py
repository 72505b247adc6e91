"""The tickets of a figure in words: what finds them, prunes them and evaluates them."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lottery import words
from lottery.captions.numbers import listed
from lottery.config.entries import DenseName
from lottery.figure_specs import AggregateSpec, CurveSpec, EvaluatedSpec
from lottery.specs import Baseline, Chain, Dataset, Recipe, Spec, Training

Labels = Mapping[str, str]
"""The names of data sets on figures, by those in the config."""


class Ticket(NamedTuple):
    """A ticket, the curves that show it, and all that determines it, by aspect."""

    name: str
    curves: list[str]
    about: dict[str, str]


def tickets(
    spec: AggregateSpec, shown: Mapping[tuple[str, str], str], labels: Labels
) -> list[Ticket]:
    """Each ticket of a figure once; `shown` are the names of its curves by panel and curve."""
    found: dict[tuple[str, str], Ticket] = {}
    for curve in spec.table.curves:
        evaluation = curve.evaluation if isinstance(curve, EvaluatedSpec) else ""
        key = curve.chain.ticket, evaluation
        ticket = found.setdefault(key, Ticket(curve.chain.ticket, [], _about(curve, labels)))
        ticket.curves.append(shown.get((curve.panel, curve.curve), curve.curve))
    return list(found.values())


def stand_ins(spec: AggregateSpec, labels: Labels) -> dict[str, str]:
    """What a scale replaces: seeds, rounds, pruning, data sets, networks and recipes, by entry.

    The same of two configs says what in one stands in for the other.
    """
    table, said = spec.table, {}
    if seeds := getattr(table, "seeds", ()):
        said["seeds"] = listed(seeds)
    if rounds := getattr(table, "rounds", ()):
        said["rounds"] = listed(rounds)
    chains = [chain for curve in table.curves for chain in _chains(curve.chain)]
    fractions = {chain.fraction for chain in chains if chain.fraction}
    if said.get("rounds"):
        said["pruned a round"] = ", ".join(f"{100 * share:.4g} %" for share in sorted(fractions))
    recipes: dict[str, str] = {}
    for dataset in _datasets(table.curves, chains):
        said[f"data set {dataset.name}"] = data_set(dataset, labels)
    for chain in chains:
        entry = _architecture(chain)
        said[f"network {entry}"] = words.network(chain.architecture, entry)
        if chain.training:
            name = DenseName.parse(chain.dense).recipe
            recipes[f"recipe {name}"] = _in_short(chain.training.recipe)
    for curve in table.curves:
        if isinstance(curve, EvaluatedSpec):
            recipes[f"evaluation {curve.evaluation}"] = _in_short(curve.recipe)
    return said | recipes


def data_set(dataset: Dataset, labels: Labels) -> str:
    """`CIFAR-10: 50,000 images of 32x32 pixels, 10 classes`."""
    count = f"{dataset.train_images:,} " if dataset.train_images else ""
    if dataset.train_per_class:
        count = f"{dataset.train_per_class:,} a class of {count}"
    side = dataset.image_size
    name = labels.get(dataset.name, dataset.name)
    return f"{name}: {count}images of {side}x{side} pixels, {dataset.classes:,} classes"


def settings(spec: Spec) -> str:
    """All keys that are not at their defaults, as the config says them."""
    found = json.loads(spec.model_dump_json(exclude_defaults=True))
    return ", ".join(f"{key} {_value(value)}" for key, value in found.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"({', '.join(f'{key} {_value(each)}' for key, each in value.items())})"
    return "yes" if value is True else str(value)


def _in_short(recipe: Recipe) -> str:
    epochs = f"{recipe.epochs:,} epoch{'s' * (recipe.epochs != 1)}"
    rotated = "rotated " * (recipe.batch_counts == "copies")
    batch = f"batches of {recipe.batch_size:,} {rotated}{recipe.batch_counts}"
    return f"{epochs}, {batch}, {recipe.optimizer} at {recipe.learning_rate:g}"


def _about(curve: CurveSpec, labels: Labels) -> dict[str, str]:
    """By aspect; of a ticket that is not evaluated, only its dense training is shown."""
    chain = curve.chain
    said = _found_by(chain.training, chain, labels) if chain.training else {}
    masked = _masked(chain)
    if masked and masked.training:
        found = _found_by(masked.training, masked, labels)
        said = {f"{aspect} of its mask": told for aspect, told in found.items()}
    if chain.baseline:
        said["baseline"] = _baseline(chain.baseline)
    if chain.imported:
        said["imported"] = f"from the file with SHA-256 {chain.imported.sha256}"
    entry = _architecture(chain)
    said["network"] = f"{words.network(chain.architecture, entry)} ({entry})"
    if isinstance(curve, EvaluatedSpec):
        if not chain.imported:
            said["pruning"] = _pruning(masked or chain)
        said["evaluated"] = (
            f"{curve.evaluation}: by training on all labels of {data_set(curve.dataset, labels)}"
        )
        said["its recipe"] = settings(curve.recipe)
        if curve.head == "redraw":
            said["evaluated"] += ", with a head that is drawn anew"
        if curve.shared:
            which = " but for round 0" * curve.dense_rewound
            said["evaluated"] += f"; its own trainings{which} are the same, and its evaluations"
    return said


def _found_by(training: Training, chain: Chain, labels: Labels) -> dict[str, str]:
    names = DenseName.parse(chain.dense)
    subset = words.subset(training.subset, training.task)
    said = {
        "task": training.task,
        "data": f"{data_set(training.dataset, labels)} ({training.dataset.name})",
        "subset": f"{subset} ({names.subset})",
        "recipe": f"{names.recipe}: {settings(training.recipe)}",
    }
    if training.rewind:
        point = words.rewind(training.rewind)
        said["rewind"] = point if training.rewind.none else f"to the weights after {point}"
        said["rewind"] += f" ({training.rewind_name})"
    return said


def _pruning(chain: Chain) -> str:
    share = f"{100 * chain.fraction:.4g} %" if chain.fraction else "none"
    by = "at random" if chain.baseline else f"by {chain.criterion}"
    where = "" if chain.convolutions is None else f", of the {words.scope(chain)} only"
    excluded = "" if chain.excluded_at is None else ", weights that only meet padding left out"
    return f"{share} of the remaining weights a round, {by}{where}{excluded}"


def _masked(chain: Chain) -> Chain | None:
    """The found ticket whose mask, or whose counts in each layer, a baseline has."""
    baseline = chain.baseline
    return baseline.of if baseline and baseline.kind in ("shuffled", "reinitialised") else None


def _baseline(baseline: Baseline) -> str:
    return f"{_mask(baseline)}; {_weights(baseline)}"


def _mask(baseline: Baseline) -> str:
    of = baseline.of
    if of is None or baseline.kind == "random":
        return "masks are drawn at random"
    if baseline.kind == "adjusted-random":
        return f"masks are drawn at random, after what the training of {of.dense} took to zero"
    shuffled = ", shuffled within each layer" if baseline.kind == "shuffled" else ""
    return f"the mask of {of.ticket}{shuffled}"


def _weights(baseline: Baseline) -> str:
    if baseline.start == "rewind" and baseline.of:
        drawn = ", whose prunable weights are drawn anew"
        return f"W_k of {baseline.of.ticket}{drawn * (baseline.kind == 'reinitialised')}"
    if baseline.longer is None:
        return "weights are drawn anew"
    point = words.rewind(baseline.longer)
    return f"weights are drawn anew, and trained for {point} before the schedule begins again"


def _chains(chain: Chain) -> Iterator[Chain]:
    """A chain and the one that it reads."""
    yield chain
    if chain.baseline and chain.baseline.of:
        yield from _chains(chain.baseline.of)


def _datasets(curves: tuple[CurveSpec, ...], chains: list[Chain]) -> Iterator[Dataset]:
    yield from (chain.training.dataset for chain in chains if chain.training)
    yield from (curve.dataset for curve in curves if isinstance(curve, EvaluatedSpec))


def _architecture(chain: Chain) -> str:
    """Its entry in the config, as its folder says; of an imported ticket that of the ticket."""
    if chain.training:
        return DenseName.parse(chain.dense).architecture
    if chain.imported:
        return chain.ticket
    rewound = chain.rewound
    if rewound:
        return DenseName.parse(rewound.dense).architecture
    return chain.dense.removeprefix("random/").split("-without-")[0].split("-after-")[0]
