"""Checks across entries of a config: undefined names, and entries that do not fit together."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lottery.catalogue.criteria import CRITERIA
from lottery.catalogue.formats import FORMATS
from lottery.catalogue.tasks import TASKS
from lottery.config.entries import (
    PLACEHOLDERS,
    BaselineTicket,
    DatasetEntry,
    FoundTicket,
    ImportedTicket,
)
from lottery.config.experiment import Config
from lottery.config.looks import texts, unknown
from lottery.config.mistakes import nearest
from lottery.specs import (
    Recipe,
    Rewind,
    Subset,
    TaskName,
    images_per_update,
    nominal_batch_sizes,
    samples_per_epoch,
)

FOLDERS = ("dense", "images", "imported", "logs", "subsets", "tables", "tickets")
"""Folders in `results/`, whose names no scale can have."""

Problems = Iterable[tuple[str, str]]
"""Key and problem."""


def contradictions(config: Config) -> Problems:
    """All of them; entries are compared with each other only once every name is defined."""
    dangling = list(_dangling(config))
    yield from dangling
    yield from _datasets(config)
    yield from _subsets(config)
    yield from _scales_and_seeds(config)
    for name, recipe in config.recipes.items():
        gpus = min(config.max_gpus, recipe.micro_batches)
        nodes = math.ceil(gpus / config.gpus_per_node)
        if gpus % nodes:
            yield (
                "max_gpus",
                f"{config.max_gpus}: the {gpus} GPUs of recipe {name} do not split evenly "
                f"over {nodes} nodes of {config.gpus_per_node}",
            )
    if not dangling:
        yield from _tickets(config)
        yield from _figures(config)
        for name, entry in config.evaluations.items():
            problems = _uncroppable(config, entry.recipe, entry.dataset)
            yield from ((f"evaluations.{name}{key}", problem) for key, problem in problems)


def _dangling(config: Config) -> Problems:
    def refer(key: str, name: str, kind: str) -> Problems:
        known: Mapping[str, Any] = getattr(config, kind)
        if name not in known:
            yield key, f"no {name!r} among the {kind}{nearest(name, known)}"

    for name, ticket in config.tickets.items():
        at = f"tickets.{name}"
        if isinstance(ticket, BaselineTicket):
            yield from refer(f"{at}.of", ticket.of, "tickets")
            if isinstance(config.tickets.get(ticket.of), BaselineTicket):
                yield f"{at}.of", f"{ticket.of!r} is a baseline itself; name a found ticket"
            if isinstance(config.tickets.get(ticket.of), ImportedTicket):
                yield f"{at}.of", f"{ticket.of!r} is imported; name a ticket that is found here"
        elif isinstance(ticket, ImportedTicket):
            yield from refer(f"{at}.architecture", ticket.architecture, "architectures")
            if ticket.dataset is not None:
                yield from refer(f"{at}.dataset", ticket.dataset, "datasets")
        else:
            yield from refer(f"{at}.dataset", ticket.dataset, "datasets")
            yield from refer(f"{at}.subset", ticket.subset, "subsets")
            yield from refer(f"{at}.architecture", ticket.architecture, "architectures")
            yield from refer(f"{at}.recipe", ticket.recipe, "recipes")
            yield from refer(f"{at}.rewind", ticket.rewind, "rewinds")
    for name, evaluation in config.evaluations.items():
        yield from refer(f"evaluations.{name}.dataset", evaluation.dataset, "datasets")
        yield from refer(f"evaluations.{name}.recipe", evaluation.recipe, "recipes")
    for name, figure in config.figures.items():
        for title, panel in figure.panels.items():
            at = f"figures.{name}.panels.{title}"
            evaluation_name = getattr(panel, "evaluation", None)
            if evaluation_name is not None:
                yield from refer(f"{at}.evaluation", evaluation_name, "evaluations")
            for key, curve in panel.curves.items():
                yield from refer(f"{at}.curves.{key}", curve.ticket, "tickets")


def _datasets(config: Config) -> Problems:
    for name, entry in config.datasets.items():
        if not FORMATS[entry.format].embedded and entry.root is None:
            yield f"datasets.{name}.root", f"format {entry.format} needs a folder"


def _subsets(config: Config) -> Problems:
    for name in {"all", *config.subsets}:
        if (config.subsets.get(name) == Subset()) != (name == "all"):
            yield (
                f"subsets.{name}",
                "`all`, and only `all`, must be empty: it is the whole data set",
            )


def _scales_and_seeds(config: Config) -> Problems:
    if config.scale in FOLDERS:
        yield "scale", f"{config.scale!r} is a folder of the paper's own results"
    own = {f"figures.{name}.seeds": entry.seeds or () for name, entry in config.figures.items()}
    for key, seeds in {"seeds": config.seeds, **own}.items():
        if len(set(seeds)) < len(seeds):
            yield key, f"must not repeat; found {list(seeds)}"


def _tickets(config: Config) -> Problems:
    for name, ticket in config.tickets.items():
        if isinstance(ticket, FoundTicket):
            yield from ((f"tickets.{name}{key}", problem) for key, problem in _fit(config, ticket))
        elif isinstance(ticket, BaselineTicket):
            yield from ((f"tickets.{name}{key}", each) for key, each in _compares(config, ticket))


def _compares(config: Config, ticket: BaselineTicket) -> Problems:
    """Whether a baseline can begin as its found ticket does."""
    start, point = ticket.start or config.baselines.start, config.found(ticket.of).rewind
    if start == "rewind" and config.rewinds[point].none:
        yield ".start", f"{ticket.of!r} is not rewound ({point}): it has no W_k to start from"
    if ticket.budget == "equal" and config.rewinds[point].none:
        yield ".budget", f"{ticket.of!r} is not rewound ({point}): each round has another budget"
    if ticket.budget and ticket.start == "rewind":
        yield ".budget", "found beside `start: rewind`, which has the budget of W_k; give one"


def _fit(config: Config, ticket: FoundTicket) -> Problems:
    """Whether the entries that a ticket combines fit together."""
    architecture, recipe = config.architectures[ticket.architecture], config.recipes[ticket.recipe]
    dataset, subset = config.datasets[ticket.dataset], config.subsets[ticket.subset]
    criterion = ticket.criterion or config.pruning.criterion
    if CRITERIA[criterion].early and config.rewinds[ticket.rewind].none:
        yield ".rewind", f"{criterion} compares with W_k: it needs a rewind point, found none"
    if ticket.convolutions and ticket.convolutions > architecture.convolutions():
        yield (
            ".convolutions",
            f"{ticket.convolutions}, but the network has {architecture.convolutions()}",
        )
    hides_labels = TASKS[ticket.task].hides_labels
    if hides_labels and not subset.images:
        yield ".subset", f"task {ticket.task} needs a subset of `images`, those with labels"
    batch = images_per_update(recipe, TASKS[ticket.task].views)
    if hides_labels and (batch < 4 or batch % 2):
        yield (
            ".recipe",
            f"{ticket.recipe} has {batch} images in a batch: half of them must be labelled, "
            "at least two",
        )
    classes = subset.classes
    count = round(classes * dataset.classes) if isinstance(classes, float) else classes
    if count is not None and not 2 <= count <= dataset.classes:
        yield (
            ".subset",
            (
                f"{ticket.subset!r} is {count} of the {dataset.classes} classes of "
                f"{ticket.dataset}; allowed: 2 to {dataset.classes}"
            ),
        )
    yield from _too_small(config, ticket.architecture, ticket.dataset)
    yield from _uncroppable(config, ticket.recipe, ticket.dataset)
    for late in _too_late(config, ticket, dataset, subset, ticket.task, recipe):
        yield ".rewind", late


def _too_late(
    config: Config,
    ticket: FoundTicket,
    dataset: DatasetEntry,
    subset: Subset,
    task: TaskName,
    recipe: Recipe,
) -> Iterable[str]:
    """Whether a rewind point lies after the end of a training, or leaves nothing to continue."""
    rewind = config.rewinds[ticket.rewind]
    sizes = nominal_batch_sizes(dataset, subset, task, recipe)
    last: dict[str, float] = {"epochs": recipe.epochs, "percent": 100}
    if sizes is not None:
        last["samples"] = recipe.epochs * sum(sizes)
        last["updates"] = recipe.epochs * len(sizes)
    for unit, most in last.items():
        value = getattr(rewind, unit)
        if value is not None and (value > most or (value == most and _continues(rewind))):
            yield f"{ticket.rewind!r} is after {value:.12g} {unit}, the last is {most}"


def _continues(rewind: Rewind) -> bool:
    return rewind.schedule == "continue"


def _continued(config: Config, ticket: str, evaluation: str) -> Problems:
    """Whether a training that evaluates a ticket can continue from the rewind point of its W_k."""
    entry = config.evaluations[evaluation]
    if config.chain(ticket, 0).rewound is None:
        return
    found = config.found(ticket)
    if not _continues(config.rewinds[found.rewind]):
        return
    recipe, dataset = config.recipes[entry.recipe], config.datasets[entry.dataset]
    for late in _too_late(config, found, dataset, Subset(), "labels", recipe):
        yield f"tickets.{ticket}.rewind", f"evaluation {evaluation} continues from there: {late}"


def _trained_longer(config: Config, ticket: str, evaluation: str) -> Problems:
    """Whether an evaluation can train drawn weights as long as W_k was trained before."""
    entry, baseline = config.tickets[ticket], config.chain(ticket, 0).baseline
    if not isinstance(entry, BaselineTicket) or baseline is None or baseline.longer is None:
        return
    found, point = config.found(entry.of), baseline.longer
    recipe = config.recipes[config.evaluations[evaluation].recipe]
    dataset = config.evaluations[evaluation].dataset
    epoch = samples_per_epoch(config.datasets[dataset], Subset(), "labels")
    if point.samples is None and (found.dataset, found.subset) != (dataset, "all"):
        images = f"datasets.{found.dataset}.train_images"
        yield f"tickets.{ticket}.budget", f"equal: {images} is needed to say when W_k is saved"
    elif epoch and point.samples and point.samples > epoch * recipe.epochs:
        yield (
            f"tickets.{ticket}.budget",
            f"equal: W_k comes after {point.samples:,} images, evaluation {evaluation} ends after "
            f"{round(epoch * recipe.epochs):,}",
        )


def _figures(config: Config) -> Problems:
    for name, figure in config.figures.items():
        for key, text in texts(figure):
            for word in unknown(text):
                allowed = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
                yield f"figures.{name}.{key}", f"unknown {{{word}}}; allowed: {allowed}"
        for title, panel in figure.panels.items():
            evaluation = getattr(panel, "evaluation", None)
            for label, curve in panel.curves.items():
                at, ticket = f"figures.{name}.panels.{title}.curves.{label}", curve.ticket
                generated = figure.kind not in ("accuracy", "layers")
                if isinstance(config.tickets[ticket], BaselineTicket) and generated:
                    yield at, f"{ticket!r} is a baseline: it has no generation trainings"
                elif isinstance(config.tickets[ticket], ImportedTicket) and generated:
                    yield at, f"{ticket!r} is imported: it has no generation trainings"
                elif evaluation is not None:
                    dataset = config.evaluations[evaluation].dataset
                    architecture = config.architecture_of(ticket)
                    problems: Sequence[tuple[str, str]] = _too_small(config, architecture, dataset)
                    yield from ((at, problem) for _, problem in problems)
                    yield from _continued(config, ticket, evaluation)
                    yield from _trained_longer(config, ticket, evaluation)


def _uncroppable(config: Config, recipe: str, dataset: str) -> Problems:
    if config.datasets[dataset].streamed and config.recipes[recipe].augmentation.crop_padding:
        yield (
            ".recipe",
            f"{recipe} pads images before it crops them (crop_padding), but {dataset} is streamed: "
            "choose resized_crop, or `streamed: false`",
        )


def _too_small(config: Config, architecture: str, dataset: str) -> Sequence[tuple[str, str]]:
    least = config.architectures[architecture].least_image_size()
    size = config.datasets[dataset].image_size
    if size >= least:
        return []
    problem = (
        f"{architecture} needs images of {least} pixels or more, {dataset} has {size}: choose "
        "another architecture, fewer `pools`, or a larger image_size"
    )
    return [(".architecture", problem)]
