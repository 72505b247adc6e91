"""Stage `evaluate`: evaluate a ticket (W_k, m) by training it on all labels (Section 3.1)."""

import argparse
from collections.abc import Callable, Mapping

import torch
from torch import nn

from lottery import artifacts, records, tasks
from lottery.errors import LotteryError
from lottery.fingerprint import training_code
from lottery.messages import log
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import EvaluateSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.stages.running import Running
from lottery.stages.training import train_and_test
from lottery.training.measure import summary
from lottery.training.schedule import Behind

Begin = Callable[[int, torch.device], tuple[nn.Module, Mask, Behind | None]]
"""Given the number of outputs and a device, makes the network of a ticket, its mask, and what its
weights have behind them; None if nobody here knows."""


def evaluate(
    spec: EvaluateSpec,
    images: str,
    subset: str,
    mask: str | None,
    early: str | None,
    report: str,
    running: Running | None = None,
) -> None:
    """Train and write the report. A baseline has no W_k if all of its weights are drawn anew.

    For a ticket that is not rewound, `early` is W* of the round before.
    """
    chain = spec.chain
    if (chain.rewound is None) != (early is None):
        needs = "is drawn anew, it has no" if early else "needs its"
        raise LotteryError(f"--early: ticket {chain.ticket} {needs} W_k")

    def begin(outputs: int, device: torch.device) -> tuple[nn.Module, Mask, Behind]:
        model, behind = inputs.begin(spec, outputs, early, device)
        prunables = prunable(model, chain.convolutions)
        return model, inputs.mask(prunables, chain, spec.round, mask), behind

    label = f"evaluation of {chain.ticket}, seed {chain.seed}, round {spec.round}"
    read = {"mask": mask, "early": early}
    train_on_labels(spec, images, subset, read, begin, report, "evaluate", label, running)


def train_on_labels(
    spec: EvaluateSpec,
    images: str,
    subset: str,
    ticket: Mapping[str, str | None],
    begin: Begin,
    report: str,
    stage: str,
    label: str,
    running: Running | None,
) -> None:
    """Train the ticket that `begin` makes of the files `ticket`; write the report of a stage."""
    stopwatch, running = records.Stopwatch(), running or Running()
    chain, baseline = spec.chain, spec.chain.baseline
    found = chain.rewound.training if chain.rewound else None
    data = inputs.data(spec.subset(), subset, images)
    task = tasks.make("labels", spec.recipe)
    with running.place(spec.recipe.precision, spec.dataset) as place:
        log(f"{label}: on {place.words}")
        model, mask, behind = begin(task.outputs(data.classes), place.device)
        read = artifacts.sources({"subset": subset, **ticket})
        code = training_code(stage, chain.architecture.model, "labels")
        if running.made_meanwhile({report: records.stamp("evaluation", spec, code, read)}):
            return
        states = running.states(spec, "labels", read, place.execution.precision)
        result, measured = train_and_test(
            model,
            mask,
            task,
            data,
            spec,
            chain.seed,
            label,
            running,
            place,
            states,
            rewind=found.rewind if found else None,
            longer=baseline.longer if baseline else None,
        )
        world = place.execution.world
        if world.rank:
            return
        about = records.header(
            "evaluation", spec, code, read, stopwatch, place.words, running.own_threads
        )
        size, seconds = spec.dataset.image_size, stopwatch.seconds() * world.size
        behind = behind and behind.then(result.made)
        outcome = summary(chain, size, model, mask, behind, measured, result, seconds)
        records.write_report(report, about, outcome)
        if states:
            states.clear()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    training_options(parser)
    parser.add_argument(
        "--early", help="W_k, or W* of the round before (in); none for drawn weights"
    )


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
