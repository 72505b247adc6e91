"""Stage `evaluate`: evaluate a ticket (W_k, m) by training it on all labels (Section 3.1)."""

import argparse

from lottery import artifacts, records, tasks
from lottery.catalogue.tasks import TASKS
from lottery.errors import LotteryError
from lottery.fingerprint import training_code
from lottery.messages import log
from lottery.pruning.prunable import prunable
from lottery.specs import EvaluateSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.stages.running import Running
from lottery.stages.training import train_and_test
from lottery.training.measure import summary


def evaluate(
    spec: EvaluateSpec,
    images: str,
    subset: str,
    mask: str | None,
    early: str | None,
    report: str,
    running: Running | None = None,
) -> None:
    """Train and write the report. A baseline has no W_k: its weights are freshly drawn.

    For a ticket that is not rewound, `early` is W* of the round before.
    """
    stopwatch, running = records.Stopwatch(), running or Running()
    chain = spec.chain
    label = f"evaluation of {chain.ticket}, seed {chain.seed}, round {spec.round}"
    if (chain.training is None) != (early is None):
        needs = "is a baseline, it has no" if early else "needs its"
        raise LotteryError(f"--early: ticket {chain.ticket} {needs} W_k")
    data = inputs.data(spec.subset(), subset, images)
    task = tasks.make("labels", spec.recipe)
    with running.place(spec.recipe.precision, spec.dataset) as place:
        log(f"{label}: on {place.words}")
        purpose = "init" if chain.training else "baseline init"
        model = inputs.network(chain, task.outputs(data.classes), purpose, place.device)
        found = chain.training
        if found and early:
            same = (found.dataset, found.subset.classes) == (spec.dataset, None)
            keeps = same and TASKS[found.task].classifies
            inputs.rewind(model, chain, spec.round, early, data.classes if keeps else 0)
        ticket = inputs.mask(prunable(model, chain.convolutions), chain, spec.round, mask)
        read = artifacts.sources({"subset": subset, "mask": mask, "early": early})
        code = training_code("evaluate", chain.architecture.model, "labels")
        if running.made_meanwhile({report: records.stamp("evaluation", spec, code, read)}):
            return
        states = running.states(spec, "labels", read, place.execution.precision)
        result, measured = train_and_test(
            model,
            ticket,
            task,
            data,
            spec,
            chain.seed,
            label,
            running,
            place,
            states,
            rewind=found.rewind if found else None,
        )
        world = place.execution.world
        if world.rank:
            return
        about = records.header(
            "evaluation", spec, code, read, stopwatch, place.words, running.own_threads
        )
        size, seconds = spec.dataset.image_size, stopwatch.seconds() * world.size
        outcome = summary(chain, size, ticket, measured, result, seconds)
        records.write_report(report, about, outcome)
        if states:
            states.clear()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument("--early", help="W_k, or W* of the round before (in); none for a baseline")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    evaluate(
        parse(EvaluateSpec, args.spec),
        args.images,
        args.subset,
        args.mask,
        args.early,
        args.report,
        Running.of(args),
    )
