"""Stage `evaluate`: judge a ticket (W_k, m) by training it on all labels (Section 3.1)."""

import argparse

from lottery import records, tasks
from lottery.errors import LotteryError
from lottery.pruning.prunable import prunable
from lottery.specs import Augmentation, EvaluateSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.training import device as devices
from lottery.training import loop
from lottery.training.progress import log


def evaluate(
    spec: EvaluateSpec,
    images: str,
    subset: str,
    mask: str | None,
    early: str | None,
    report: str,
    states: str | None = None,
    minutes: float = 5.0,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Train and write the report. A baseline has no W_k: its weights are drawn anew."""
    stopwatch = records.Stopwatch()
    chain, place = spec.chain, devices.choose(device, threads)
    label = f"evaluation of {chain.ticket}, seed {chain.seed}, round {spec.round}"
    log(f"{label}: on {devices.describe(place)}")
    data = inputs.data(spec.subset(), subset, images, place)
    task = tasks.make("labels", spec.recipe)
    purpose = "head" if chain.training else "baseline init"
    model = inputs.network(chain, task.outputs(data.classes), purpose, place)
    if (chain.training is None) != (early is None):
        needs = "is a baseline, it has no" if early else "needs its"
        raise LotteryError(f"--early: ticket {chain.ticket} {needs} W_k")
    if chain.training and early:
        found = chain.training
        keep = (found.task, found.dataset, found.subset.classes) == ("labels", spec.dataset, None)
        inputs.rewind(model, chain, early, keep_head=keep)
    ticket = inputs.mask(prunable(model, chain.convolutions), chain, spec.round, mask)
    read = {"subset": subset, "mask": mask, "early": early}
    checkpoints = inputs.checkpoints(states, minutes, spec, "labels", read)
    result = loop.train(
        model,
        task,
        data.train,
        spec.dataset,
        spec.recipe,
        chain.seed,
        ticket,
        label=label,
        checkpoints=checkpoints,
    )
    measured = loop.measure(model, task, data.test, spec.dataset, Augmentation())
    log(f"{label}: test accuracy {measured['accuracy']:.2%}, {ticket.density:.2%} of the weights")
    about = records.header("evaluation", spec, read, stopwatch, devices.describe(place))
    records.write_report(report, about, loop.summary(ticket, measured, result))
    if checkpoints:
        checkpoints.clear()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument("--early", help="W_k (in); none for a baseline")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    evaluate(
        parse(EvaluateSpec, args.spec),
        args.images,
        args.subset,
        args.mask,
        args.early,
        args.report,
        args.checkpoints,
        args.checkpoint_minutes,
        args.threads,
        args.device,
    )
