"""Stage `generate`: one training of a chain on its generation task (Section 3.1).

Round 0 trains the dense network from its initialisation and saves W_k on the way, for each ticket
that shares it; round r trains W_k under mask r, with the learning-rate schedule of `Rewind`.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from lottery import artifacts, records, tasks
from lottery.errors import LotteryError
from lottery.fingerprint import training_code
from lottery.messages import log
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.pruning.weights import pack
from lottery.specs import EarlySpec, GenerateSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.stages.running import Running
from lottery.stages.training import train_and_test
from lottery.training.measure import summary
from lottery.training.schedule import Behind


def generate(
    spec: GenerateSpec,
    images: str,
    subset: str,
    mask: str | None,
    early: str,
    weights: str,
    report: str,
    running: Running | None = None,
) -> None:
    """Train and write W* and its report.

    In round 0 `early` is a folder, into which W_k is written at each rewind point, by its name; in
    later rounds it is the file of W_k, or of W* of the round before if the ticket is not rewound.
    """
    stopwatch, running = records.Stopwatch(), running or Running()
    training, chain = spec.training(), spec.chain
    label = f"generation of {chain.ticket}, seed {chain.seed}, round {spec.round}"
    task = tasks.make(training.task, training.recipe)
    data = inputs.data(spec.subset(), subset, images, task.hides_labels)
    code = training_code("generate", chain.architecture.model, training.task)
    with running.place(training.recipe.precision, training.dataset) as place:
        log(f"{label}: on {place.words}")
        model, ticket, behind = begin(spec, task.outputs(data.classes), mask, early, place.device)
        read = artifacts.sources(
            {"subset": subset, "mask": mask, "early": early if spec.round else None}
        )
        made = {weights: records.stamp("weights", spec.trained(), code, read)}
        made[report] = {**made[weights], "what": "generation"}
        points = {
            name: EarlySpec(dense=spec.trained(), rewind=point)
            for name, point in spec.rewinds.items()
        }
        for name, at in points.items():
            made[str(Path(early, f"{name}.pt"))] = records.stamp("early", at, code, read)
        if running.made_meanwhile(made):
            return
        states = running.states(spec, training.task, read, place.execution.precision)
        result, measured = train_and_test(
            model,
            ticket,
            task,
            data,
            training,
            chain.seed,
            label,
            running,
            place,
            states,
            rewind=training.rewind,  # None for a dense training
            rewinds=list(spec.rewinds.values()),
        )
        world = place.execution.world
        if world.rank:
            return
        about = records.header(
            "weights", spec.trained(), code, read, stopwatch, place.words, running.own_threads
        )
        for (name, at), before in zip(points.items(), result.points, strict=True):
            payload = {"model": result.early[before.updates], **before._asdict()}
            artifacts.save(Path(early, f"{name}.pt"), records.also(about, "early", at), payload)
        state = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
        behind = behind.then(result.made)
        artifacts.save(weights, about, {**pack(state, ticket), **behind._asdict()})
        size, seconds = training.dataset.image_size, stopwatch.seconds() * world.size
        outcome = summary(chain, size, model, ticket, behind, measured, result, seconds)
        records.write_report(report, {**about, "what": "generation"}, outcome)
        if states:
            states.clear()


def begin(
    spec: GenerateSpec, outputs: int, mask: str | None, early: str | None, device: torch.device
) -> tuple[nn.Module, Mask, Behind]:
    """The network that a training begins with, its mask, and what it has behind it; see `generate`.

    Raises: LotteryError if the mask or W_k is missing, damaged, or of another chain.
    """
    chain = spec.chain
    model, behind = inputs.network(chain, outputs, "init", device), Behind()
    if spec.round:
        if early is None:
            raise LotteryError(f"--early: round {spec.round} starts from one")
        behind = inputs.rewind(model, chain, spec.round, early, outputs)
    kept = inputs.mask(prunable(model, chain.convolutions), chain, spec.round, mask)
    return model, kept, behind


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument(
        "--early",
        required=True,
        help="folder of each W_k (out) in round 0; afterwards W_k, or W* of the round before (in)",
    )
    parser.add_argument("--weights", required=True, help="W* (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    generate(
        parse(GenerateSpec, args.spec),
        args.images,
        args.subset,
        args.mask,
        args.early,
        args.weights,
        args.report,
        Running.of(args),
    )
