"""Stage `evaluate-imported`: evaluate a ticket of others, by training it on all labels.

As `lottery.stages.evaluate`, for a ticket without a chain. It is a stage of its own so that
evaluations of other tickets do not depend on its code, and stay as they are.
"""

import argparse

import torch
from torch import nn

from lottery.errors import LotteryError
from lottery.exchange import imported
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import EvaluateSpec, ImportSpec, parse
from lottery.stages import inputs
from lottery.stages.command import training_options
from lottery.stages.evaluate import train_on_labels
from lottery.stages.running import Running


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
    chain, own = spec.chain, spec.chain.imported
    if own is None:
        raise LotteryError(f"--spec: ticket {chain.ticket} is not imported")

    def begin(outputs: int, device: torch.device) -> tuple[nn.Module, Mask, None]:
        mask, state = imported.load(ticket, ImportSpec.of(chain))
        model = inputs.network(chain, outputs, "init", device)
        imported.begin(model, state, keep_head=own.dataset == spec.dataset)
        mask.check_fits(prunable(model))
        return model, mask, None

    label, read = f"evaluation of {chain.ticket}, seed {chain.seed}", {"imported": ticket}
    stage = "evaluate_imported"
    train_on_labels(spec, images, subset, read, begin, report, stage, label, running)


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
