"""config.yaml, typed: what the paper's experiments are, checked before any job starts."""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError

from lottery.errors import LotteryError
from lottery.specs import (
    AggregateSpec,
    Architecture,
    Baseline,
    BaselineName,
    Chain,
    CurveSpec,
    Dataset,
    EvaluateSpec,
    Fraction,
    GenerateSpec,
    ImageFormat,
    MaskSpec,
    PlotSpec,
    Point,
    Recipe,
    SparsitySpec,
    Spec,
    Subset,
    SubsetSpec,
    TaskName,
    Training,
)

FOLDERS = ("benchmarks", "logs", "subsets", "tables", "tickets")
"""In `results/`; no scale can be named so."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Names become folder and file names: lower-case words joined by hyphens."""


class DatasetEntry(ImageFormat):
    """A data set: what it is, and where this machine has it."""

    label: str = Field(description="its name on figures")
    root: str | None = Field(None, min_length=1, description="folder on this machine")
    obtain: str = Field("", description="how to get it, for whoever lacks it")

    def identity(self, name: str) -> Dataset:
        """What of the entry can change a result."""
        return Dataset(name=name, **self.model_dump(exclude={"label", "root", "obtain"}))


class PruningEntry(Spec):
    """Iterative magnitude pruning (Section 3.2)."""

    rate: Fraction = Field(description="share of the remaining weights pruned per round")
    evaluated_rounds: tuple[Annotated[int, Field(ge=0, le=99)], ...] = Field(
        min_length=1, description="rounds whose tickets are judged; generation runs up to the last"
    )


class SparsityEntry(Spec):
    """Natural sparsity (Section 4.5)."""

    zero_threshold: float = Field(gt=0, description="|w| up to this counts as zeroed")
    cuts: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)


class FoundTicket(Spec):
    """A ticket found by training and pruning."""

    dataset: str
    subset: str = "all"
    architecture: str
    task: TaskName
    recipe: str
    rewind: Point
    convolutions: int | None = Field(
        None, ge=1, description="prune only so many first convolutions (Appendix C)"
    )


class BaselineTicket(Spec):
    """A ticket with weights drawn anew, to compare a found one with."""

    baseline: BaselineName
    of: str = Field(description="the found ticket whose counts, natural zeros or mask it shares")


def _kind(ticket: Any) -> str:
    keys = ticket if isinstance(ticket, Mapping) else getattr(ticket, "__dict__", ())
    return "baseline" if "baseline" in keys or "of" in keys else "found"


Ticket = Annotated[
    Annotated[FoundTicket, Tag("found")] | Annotated[BaselineTicket, Tag("baseline")],
    Discriminator(_kind),
]


class EvaluationEntry(Spec):
    """How tickets are judged: label classification on a full data set."""

    dataset: str
    recipe: str


class Panel(Spec):
    """One set of axes: how its tickets are judged, and its curves by label."""

    evaluation: str
    curves: dict[str, str] = Field(min_length=1)


class FigureEntry(Spec):
    """One figure of the paper."""

    title: str
    panels: dict[str, Panel] = Field(min_length=1)


class Config(Spec):
    """The whole config. Its methods resolve names into the specs that stages read."""

    scale: Name
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    pruning: PruningEntry
    sparsity: SparsityEntry
    datasets: dict[Name, DatasetEntry]
    subsets: dict[Name, Subset]
    architectures: dict[Name, Architecture]
    recipes: dict[Name, Recipe]
    tickets: dict[Name, Ticket]
    evaluations: dict[Name, EvaluationEntry]
    figures: dict[Name, FigureEntry] = Field(min_length=1)

    @cached_property
    def rounds(self) -> tuple[int, ...]:
        """The evaluated rounds, increasing."""
        return tuple(sorted(set(self.pruning.evaluated_rounds)))

    def dataset(self, name: str) -> Dataset:
        """The identity of a data set."""
        return self.datasets[name].identity(name)

    def found(self, ticket: str) -> FoundTicket:
        """A ticket's own entry, or for a baseline that of the ticket it stands beside."""
        entry = self.tickets[ticket]
        return entry if isinstance(entry, FoundTicket) else self.found(entry.of)

    def chain(self, ticket: str, seed: int) -> Chain:
        """All that determines a ticket's artifacts for one seed."""
        entry, found = self.tickets[ticket], self.found(ticket)
        if isinstance(entry, FoundTicket):
            training = Training(
                dataset=self.dataset(entry.dataset),
                subset=self.subsets[entry.subset],
                task=entry.task,
                recipe=self.recipes[entry.recipe],
                rewind=entry.rewind,
            )
            baseline = None
        else:
            training, of = None, self.chain(entry.of, seed)
            if entry.baseline == "random":
                baseline = Baseline(kind=entry.baseline)
            elif entry.baseline == "reinitialised":
                baseline = Baseline(kind=entry.baseline, of=of)
            else:
                threshold = self.sparsity.zero_threshold
                baseline = Baseline(kind=entry.baseline, zero_threshold=threshold, of=of.at(0))
        return Chain(
            ticket=ticket,
            seed=seed,
            architecture=self.architectures[found.architecture],
            rate=self.pruning.rate,
            convolutions=found.convolutions,
            training=training,
            baseline=baseline,
        )

    def subset_draws(self) -> dict[tuple[str, str, int | None], SubsetSpec]:
        """Every draw of training indices, by data set, subset name and seed (None: not drawn)."""
        draws = {}
        for dataset in self.datasets:
            for name, subset in self.subsets.items():
                for seed in self.seeds:
                    spec = SubsetSpec.of(self.dataset(dataset), subset, seed)
                    draws[dataset, name, spec.seed] = spec
        return draws

    def generate(self, ticket: str, seed: int, round: int) -> GenerateSpec:
        """The training of one round."""
        return GenerateSpec.of(self.chain(ticket, seed), round)

    def mask(self, ticket: str, seed: int, round: int) -> MaskSpec:
        """The mask of one round."""
        return MaskSpec(chain=self.chain(ticket, seed), round=round)

    def evaluate(self, ticket: str, seed: int, round: int, evaluation: str) -> EvaluateSpec:
        """The judgement of one round's ticket."""
        entry = self.evaluations[evaluation]
        dataset, recipe = self.dataset(entry.dataset), self.recipes[entry.recipe]
        return EvaluateSpec.of(self.chain(ticket, seed), round, dataset, recipe)

    def natural_sparsity(self, ticket: str, seed: int) -> SparsitySpec:
        """The natural sparsity of a ticket's dense network."""
        return SparsitySpec(dense=self.generate(ticket, seed, 0), cuts=self.sparsity.cuts)

    def curve(self, panel: str, label: str, ticket: str, evaluation: str) -> CurveSpec:
        """One curve of a figure; the seed of its chain is left at the first."""
        chain, entry = self.chain(ticket, self.seeds[0]), self.evaluations[evaluation]
        dataset, recipe = self.dataset(entry.dataset), self.recipes[entry.recipe]
        return CurveSpec(
            panel=panel,
            curve=label,
            chain=chain,
            evaluation=evaluation,
            dataset=dataset,
            recipe=recipe,
            shared=shares_trainings(chain, dataset, recipe),
        )

    def aggregate(self, figure: str) -> AggregateSpec:
        """The table of a figure."""
        curves = tuple(
            self.curve(panel, label, ticket, entry.evaluation)
            for panel, entry in self.figures[figure].panels.items()
            for label, ticket in entry.curves.items()
        )
        return AggregateSpec(figure=figure, curves=curves, seeds=self.seeds, rounds=self.rounds)

    def plot(self, figure: str) -> PlotSpec:
        """The looks of a figure."""
        entry = self.figures[figure]
        judged = {self.evaluations[panel.evaluation].dataset for panel in entry.panels.values()}
        labels = " / ".join(self.datasets[name].label for name in sorted(judged))
        return PlotSpec(
            figure=figure,
            title=entry.title.replace("{dataset}", labels),
            ylabel=f"{labels} top-1 test accuracy (%)",
            panels=tuple(entry.panels),
        )


def shares_trainings(chain: Chain, dataset: Dataset, recipe: Recipe) -> bool:
    """Whether a chain's own training of round r is the evaluation of its ticket r.

    It is where the generation task is the evaluation itself: the same labels, all of the same
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


def load(files: Sequence[str | Path]) -> Config:
    """Read config files, later ones overlaying earlier ones, as Snakemake's --configfile does.

    Raises: LotteryError, one line per mistake.
    """
    merged: dict[str, Any] = {}
    for file in files:
        _overlay(merged, _read(file))
    return check(merged, files)


def check(data: Mapping[str, Any], files: Sequence[str | Path]) -> Config:
    """A merged config, typed; `files` are where its keys come from, to name them in errors.

    Raises: LotteryError, one line per mistake: file, key, what was found, what is allowed.
    """
    try:
        text = json.dumps(_without_nulls(data), default=str)
    except (ValueError, RecursionError):
        raise LotteryError(f"{' + '.join(map(str, files))}: a value contains itself") from None
    sources = {str(file): _read(file) for file in files}
    try:
        config = Config.model_validate_json(text)
    except ValidationError as error:
        lines = dict.fromkeys(_explain(e, data, sources) for e in _plain(error.errors()))
        raise LotteryError("\n".join(lines)) from None
    wrong = [_where(key, data, sources) + problem for key, problem in _dangling(config)]
    if wrong:
        raise LotteryError("\n".join(wrong))
    return config


def missing_data(config: Config, names: Iterable[str]) -> list[str]:
    """One line for each of the named data sets that this machine lacks, with how to get it."""
    lines = []
    for name in sorted(set(names)):
        entry = config.datasets[name]
        if entry.root is None:
            continue
        inside = {"cifar10": "cifar-10-batches-py", "folder": entry.train}.get(entry.format, "")
        for folder in (Path(entry.root), Path(entry.root, inside)):
            if not folder.is_dir():
                lines.append(f"datasets.{name}.root: no folder {folder}. {entry.obtain}".rstrip())
                break
    return lines


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, where YAML keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [child.value for child, _ in node.value if isinstance(child, yaml.ScalarNode)]
        twice = {key for key in keys if keys.count(key) > 1 and key != "<<"}
        own = node.start_mark.line  # merged keys (<<) have been put among them by then
        if twice and not getattr(node, "merged", False):
            raise yaml.YAMLError(f"{sorted(twice)[0]!r} stands twice at line {own + 1}")
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.merged = any(child.value == "<<" for child, _ in node.value)
        super().flatten_mapping(node)


def _read(file: str | Path) -> dict[str, Any]:
    try:
        content = yaml.load(Path(file).read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise LotteryError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise LotteryError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise LotteryError(f"{file}: not a mapping of keys to values")
    return content


def _overlay(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _overlay(base[key], value)
        else:
            base[key] = value


def _without_nulls(value: Any) -> Any:
    """An overlay removes an entry by setting it to null."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    return value


def _plain(errors: list[Any]) -> list[Any]:
    """Without "too few items" where an item is wrong itself."""
    deeper = {tuple(error["loc"][:-1]) for error in errors}
    return [e for e in errors if e["type"] != "too_short" or tuple(e["loc"]) not in deeper]


def _explain(error: Any, data: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    internal = ("found", "baseline", "[key]", "constrained-float", "constrained-int")
    loc = [part for part in error["loc"] if part not in internal]
    if error["loc"][-1:] == ("baseline",):  # here a key of a ticket, not the union's tag
        loc.append("baseline")
    problem, found = error["msg"].removeprefix("Value error, "), _dig(data, loc)
    if error["type"] == "extra_forbidden":
        problem = "unknown key" + _nearest(str(loc[-1]), _siblings(error["loc"]))
    elif error["type"] == "missing":
        problem = "this key is missing"
    elif not isinstance(found, (Mapping, list)) and found is not None:
        problem += f"; found {found!r}"
        number = _number(found) if isinstance(found, str) else None
        if number is not None:
            problem += f" (text; YAML wants it as {number!r})"
    return _where(".".join(str(part) for part in loc), data, sources) + problem


def _where(key: str, data: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """`FILE: KEY: `, the file being the last that says so, or the last with the key above it.

    A value that no file has came from `--config`.
    """
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        found = _dig(data, parts[:length])
        for file in reversed(list(sources)):
            there = _dig(sources[file], parts[:length])
            if there is not None and (there == found or isinstance(found, Mapping)):
                return f"{file}: {key}: "
        if found is not None and not isinstance(found, Mapping):
            return f"--config: {key}: "
    return f"{' + '.join(sources) or 'config'}: {key}: "


def _dig(data: Any, keys: Iterable[Any]) -> Any:
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, (list, tuple)) and str(key).isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def _siblings(loc: Sequence[Any]) -> list[str]:
    """The keys that are allowed where an unknown one was found."""
    schema = Config.model_json_schema()
    here: Any = schema
    for part in loc[:-1]:
        here = _resolve(schema, here, part)
    return list(_resolve(schema, here, None).get("properties", {}))


def _resolve(schema: dict[str, Any], here: dict[str, Any], part: Any) -> dict[str, Any]:
    if "$ref" in here:
        here = schema["$defs"][here["$ref"].rsplit("/", 1)[1]]
    if part is None:
        return here
    if part in ("found", "baseline") and "oneOf" in here:
        return here["oneOf"][("found", "baseline").index(part)]
    patterns = list(here.get("patternProperties", {}).values())
    return here.get("properties", {}).get(part) or next(
        iter(patterns), here.get("additionalProperties", {})
    )


def _dangling(config: Config) -> Iterable[tuple[str, str]]:
    """Names that point nowhere, as (key, problem)."""

    def refer(key: str, name: str, kind: str) -> Iterable[tuple[str, str]]:
        known: Mapping[str, Any] = getattr(config, kind)
        if name not in known:
            yield key, f"no {name!r} among the {kind}{_nearest(name, known)}"

    for name, ticket in config.tickets.items():
        at = f"tickets.{name}"
        if isinstance(ticket, BaselineTicket):
            yield from refer(f"{at}.of", ticket.of, "tickets")
            if isinstance(config.tickets.get(ticket.of), BaselineTicket):
                yield f"{at}.of", f"{ticket.of!r} is a baseline itself; name a found ticket"
        else:
            yield from refer(f"{at}.dataset", ticket.dataset, "datasets")
            yield from refer(f"{at}.subset", ticket.subset, "subsets")
            yield from refer(f"{at}.architecture", ticket.architecture, "architectures")
            if (ticket.architecture in config.architectures) and ticket.convolutions:
                most = config.architectures[ticket.architecture].convolutions()
                if ticket.convolutions > most:
                    yield f"{at}.convolutions", f"{ticket.convolutions} of {most} in the network"
            yield from refer(f"{at}.recipe", ticket.recipe, "recipes")
            subset = config.subsets.get(ticket.subset)
            if ticket.task == "semi-supervised" and subset and not subset.images:
                yield f"{at}.subset", "task semi-supervised needs a share of the images' labels"
            recipe, epochs = config.recipes.get(ticket.recipe), ticket.rewind.epochs
            if recipe and epochs is not None and epochs > recipe.epochs:
                yield f"{at}.rewind.epochs", f"{epochs:g} is beyond the last epoch, {recipe.epochs}"
    for name, evaluation in config.evaluations.items():
        yield from refer(f"evaluations.{name}.dataset", evaluation.dataset, "datasets")
        yield from refer(f"evaluations.{name}.recipe", evaluation.recipe, "recipes")
    for name, figure in config.figures.items():
        for title, panel in figure.panels.items():
            at = f"figures.{name}.panels.{title}"
            yield from refer(f"{at}.evaluation", panel.evaluation, "evaluations")
            for label, ticket_name in panel.curves.items():
                yield from refer(f"{at}.curves.{label}", ticket_name, "tickets")
    for name, entry in config.datasets.items():
        if entry.format != "digits" and entry.root is None:
            yield f"datasets.{name}.root", f"format {entry.format} needs a folder"
    for name in {"all", *config.subsets}:
        if (config.subsets.get(name) == Subset()) != (name == "all"):
            yield (
                f"subsets.{name}",
                "`all`, and no other, is empty: the whole data set",
            )
    if config.scale in FOLDERS:
        yield "scale", f"{config.scale!r} is a folder of the paper's own results"
    if len(set(config.seeds)) < len(config.seeds):
        yield "seeds", f"each counts once; found {list(config.seeds)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
