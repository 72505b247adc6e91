"""The first updates of one training made once more, and compared with what is there of it.

`lottery verify --deep N` does this for one who did not train: files can agree with each other and
still come from no training.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lottery import artifacts, origin, paths, tasks
from lottery.errors import LotteryError
from lottery.fingerprint import training_code
from lottery.pruning import weights
from lottery.specs import Dataset, EarlySpec, GenerateSpec, ImagesSpec, parse_in
from lottery.stages import inputs
from lottery.stages.generate import begin
from lottery.stages.images import images
from lottery.stages.running import Running
from lottery.training.loop import TrainingLoop
from lottery.verifying import contents
from lottery.verifying.folder import listed, within


class Again(NamedTuple):
    """The outcome of a training made again."""

    report: str
    """That of the training that is there."""
    updates: int
    """How many were made."""
    same: list[str]
    """What came out to the bit as it is there."""
    other: list[str]
    """What came out otherwise, and how."""
    circumstances: list[str]
    """In what the two runs differ; if in anything, other bits need not be a mistake."""


def again(
    folder: str, most: int, training: str | None = None, data: str = "", device: str = "auto"
) -> Again:
    """Train at most `most` updates of a training in a results folder again, from its own inputs.

    `training` is the training's folder; without it, it is the first one in `folder`. Images are
    those among the results, or else made from `data`. It runs with as many CPU threads as the
    report names. Compared to the bit are each W_k, and loss and accuracy of each epoch, that these
    updates reach, and W* if they reach the end.

    Raises: LotteryError if there is no such training, an input of it is missing, or these updates
        reach nothing that can be compared.
    """
    files = {file.path: file for file in listed(folder)}
    file = files[_chosen(folder, files, training)]
    there = contents.read(file)
    spec: GenerateSpec = there.spec
    read = {
        name: within(file.root, about["path"], files)
        for name, about in there.header["inputs"].items()
    }
    kept = {
        Path(path).stem: artifacts.read(path)
        for path in files
        if Path(path).parent == Path(paths.early(there.folder))
    }
    how = spec.training()
    task = tasks.make(how.task, how.recipe)
    running = Running(data=data, threads=there.header.get("threads", 1), device=device)
    with (
        _images(file.root, how.dataset, data) as pixels,
        running.place(how.recipe.precision, how.dataset) as place,
    ):
        drawn = inputs.data(spec.subset(), read["subset"], pixels, task.hides_labels)
        outputs = task.outputs(drawn.classes)
        model, ticket, _ = begin(spec, outputs, read.get("mask"), read.get("early"), place.device)
        loop = TrainingLoop(
            model,
            task,
            running.source(drawn.train, how.dataset, place.device),
            how.recipe,
            spec.chain.seed,
            ticket,
            rewinds=[parse_in(EarlySpec, about).rewind for about, _ in kept.values()],
            label="made again",
            execution=place.execution,
            rewind=how.rewind,
            most=most,
        )
        schedule = loop.schedule
        done = min(most, schedule.updates - schedule.first)
        marks = [payload["updates"] for _, payload in kept.values()]
        marks.append(schedule.updates_per_epoch - schedule.first % schedule.updates_per_epoch)
        if done < min(marks):
            raise LotteryError(
                f"--deep {most}: nothing to compare yet; {file.path} needs {min(marks)} or more"
            )
        result = loop.run()
        state = {name: value.cpu() for name, value in model.state_dict().items()}
        outcome = Again(file.path, done, [], [], _circumstances(there, place.words))
    for name, (_, payload) in kept.items():
        if payload["updates"] in result.early:
            _note(
                outcome,
                f"W_k at {name}",
                _apart(result.early[payload["updates"]], payload["model"]),
            )
    epochs = zip(result.epochs, there.content["epochs"], strict=False)  # those reached
    for number, (now, then) in enumerate(epochs, 1):
        for key in ("loss", "accuracy"):
            words = "" if now[key] == then[key] else f"{now[key]}, on file {then[key]}"
            _note(outcome, f"{key} of epoch {number}", words)
    trained = paths.weights(there.folder)
    if schedule.first + done == schedule.updates and trained in files:
        _note(outcome, "W*", _apart(state, weights.unpack(artifacts.read(trained)[1])))
    return outcome


def _note(outcome: Again, name: str, other: str) -> None:
    if other:
        outcome.other.append(f"{name}: {other}")
    else:
        outcome.same.append(name)


def _apart(here: Mapping[str, Tensor], there: Mapping[str, Tensor]) -> str:
    """How many tensors differ, and by how much; empty if none does."""
    if here.keys() != there.keys() or any(here[n].shape != there[n].shape for n in here):
        return "of another network"
    names = [name for name in here if not torch.equal(here[name], there[name])]
    if not names:
        return ""
    most = max(float((here[name] - there[name]).abs().max()) for name in names)
    return f"{len(names)} of {len(here)} tensors differ, by up to {most:.2g}"


def _circumstances(there: contents.Result, device: str) -> list[str]:
    """Code, packages, processor and device, where this run's are others."""
    header, spec = there.header, there.spec
    code = training_code("generate", spec.chain.architecture.model, spec.training().task)
    own, old = dict(code.modules), header["modules"]
    changed = sorted(name for name in own.keys() | old.keys() if own.get(name) != old.get(name))
    found = [f"code of {name.replace('.', '/')}.py" for name in changed]
    here = {"processor": origin.machine(), "device": device, **origin.versions()}
    then = {"processor": header["machine"], "device": header["device"], **header["versions"]}
    names = sorted(name for name in here.keys() | then.keys() if here.get(name) != then.get(name))
    return found + [f"{n} {then.get(n, 'none')} there, {here.get(n, 'none')} here" for n in names]


def _chosen(folder: str, known: Collection[str], training: str | None) -> str:
    reports = [path for path in known if Path(path).name == "generation.json"]
    if training is None:
        if not reports:
            raise LotteryError(f"{folder}: no training is there to be made again")
        return reports[0]
    wanted = Path(paths.generation(training))
    for path in reports:
        if Path(path).resolve() == wanted.resolve():
            return path
    raise LotteryError(f"--training {training}: no generation.json is there, below {folder}")


@contextmanager
def _images(root: str, dataset: Dataset, data: str) -> Iterator[str]:
    """The path of a data set's images, which are made if they are not there."""
    place = paths.images(root, dataset.name)
    if Path(place).exists():
        yield place
        return
    with tempfile.TemporaryDirectory() as scratch:
        made = f"{scratch}/{dataset.name}.pt"
        images(ImagesSpec(dataset=dataset), data, made)
        yield made
