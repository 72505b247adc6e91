"""Stage `evaluate-imported`: evaluate a ticket of others, by training it on all labels.

As `lottery.stages.evaluate`, for a ticket without a chain. It is a stage of its own so that
evaluations of other tickets do not depend on its code, and stay as they are.
"""

import argparse

from lottery import artifacts, records, tasks
from lottery.errors import LotteryError
from lottery.exchange import imported
from lottery.fingerprint import training_code
from lottery.messages import log
from lottery.pruning.prunable import prunable
from lottery.specs import EvaluateSpec, ImportSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.stages.running import Running
from lottery.stages.training import train_and_test
from lottery.training.measure import summary


def evaluate(
    spec: EvaluateSpec,
    images: str,
    subset: str,
    ticket: str,
    report: str,
    running: Running | None = None,
) -> None:
    """Train and write the report.

    The last layer is the ticket's own where it is evaluated on the data set that it was trained
    for, else freshly drawn from the seed.
    """
    stopwatch, running = records.Stopwatch(), running or Running()
    chain = spec.chain
    if chain.imported is None:
        raise LotteryError(f"--spec: ticket {chain.ticket} is not imported")
    label = f"evaluation of {chain.ticket}, seed {chain.seed}"
    data = inputs.data(spec.subset(), subset, images)
    mask, state = imported.load(ticket, ImportSpec.of(chain))
    task = tasks.make("labels", spec.recipe)
    with running.place(spec.recipe.precision, spec.dataset) as place:
        log(f"{label}: on {place.words}")
        model = inputs.network(chain, task.outputs(data.classes), "init", place.device)
        imported.begin(model, state, keep_head=chain.imported.dataset == spec.dataset)
        mask.check_fits(prunable(model))
        read = artifacts.sources({"subset": subset, "imported": ticket})
        code = training_code("evaluate_imported", chain.architecture.model, "labels")
        if running.made_meanwhile({report: records.stamp("evaluation", spec, code, read)}):
            return
        states = running.states(spec, "labels", read, place.execution.precision)
        result, measured = train_and_test(
            model, mask, task, data, spec, chain.seed, label, running, place, states, rewind=None
        )
        world = place.execution.world
        if world.rank:
            return
        about = records.header(
            "evaluation", spec, code, read, stopwatch, place.words, running.own_threads
        )
        size, seconds = spec.dataset.image_size, stopwatch.seconds() * world.size
        outcome = summary(chain, size, mask, measured, result, seconds)
        records.write_report(report, about, outcome)
        if states:
            states.clear()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument("--imported", required=True, help="the ticket (in)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    if args.mask:
        raise LotteryError("--mask: an imported ticket has its own")
    evaluate(
        parse(EvaluateSpec, args.spec),
        args.images,
        args.subset,
        args.imported,
        args.report,
        Running.of(args),
    )
