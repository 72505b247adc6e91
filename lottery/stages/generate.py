"""Stage `generate`: one training of a chain on its generation task (Section 3.1).

Round 0 trains the dense network from its initialisation and saves W_k on the way, for each ticket
that shares it; round r trains W_k under mask r. The learning-rate schedule starts at 0 in each.
"""

import argparse

from lottery import artifacts, records, tasks
from lottery.pruning.prunable import prunable
from lottery.pruning.weights import pack
from lottery.specs import Augmentation, GenerateSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.training import device as devices
from lottery.training import loop
from lottery.training.progress import log


def generate(
    spec: GenerateSpec,
    images: str,
    subset: str,
    mask: str | None,
    early: str,
    weights: str,
    report: str,
    states: str | None = None,
    minutes: float = 5.0,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Train and write W* and its report; `early` is written in round 0 and read after."""
    stopwatch = records.Stopwatch()
    training = spec.training()
    chain, place = spec.chain, devices.choose(device, threads)
    label = f"generation of {chain.ticket}, seed {chain.seed}, round {spec.round}"
    log(f"{label}: on {devices.describe(place)}")
    task = tasks.make(training.task, training.recipe)
    data = inputs.data(spec.subset(), subset, images, place, task.hides_labels)
    model = inputs.network(chain, task.outputs(data.classes), "init", place)
    if spec.round:
        inputs.rewind(model, chain, early, keep_head=True)
    ticket = inputs.mask(prunable(model, chain.convolutions), chain, spec.round, mask)
    read = {"subset": subset, "mask": mask, "early": early if spec.round else None}
    checkpoints = inputs.checkpoints(states, minutes, spec, training.task, read)
    result = loop.train(
        model,
        task,
        data.train,
        training.dataset,
        training.recipe,
        chain.seed,
        ticket,
        [] if spec.round else [start.rewind for start in training.starts],
        label,
        checkpoints,
    )
    views = training.recipe.augmentation if task.compares_views else Augmentation()
    measured = loop.measure(model, task, data.test, training.dataset, views)
    log(f"{label}: test accuracy {measured['accuracy']:.2%}, {ticket.density:.2%} of the weights")
    about = records.header("weights", spec, read, stopwatch, devices.describe(place))
    if not spec.round:
        artifacts.save(
            early,
            {**about, "what": "early"},
            {"models": [result.early[at] for at in result.updates], "updates": result.updates},
        )
    state = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    artifacts.save(weights, about, pack(state, ticket))
    records.write_report(
        report, {**about, "what": "generation"}, loop.summary(ticket, measured, result)
    )
    if checkpoints:
        checkpoints.clear()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument("--early", required=True, help="W_k (out in round 0, in afterwards)")
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
        args.checkpoints,
        args.checkpoint_minutes,
        args.threads,
        args.device,
    )
