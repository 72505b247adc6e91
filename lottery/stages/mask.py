"""Stage `mask`: the mask of round r, from the weights of round r - 1 or drawn for a baseline."""

import argparse
import contextlib
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from torch import Tensor

from lottery import artifacts, models, records
from lottery.catalogue.criteria import CRITERIA
from lottery.errors import LotteryError
from lottery.fingerprint import mask_code
from lottery.messages import log
from lottery.pruning import baselines
from lottery.pruning.criteria import Trained, scored
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable, scope
from lottery.pruning.selection import select
from lottery.specs import Baseline, Chain, GenerateSpec, MaskSpec, parse
from lottery.stages import inputs
from lottery.stages.command import data_option, machine_options, spec_option

Opened = Callable[[Chain, GenerateSpec, str], AbstractContextManager[Any]]
"""Gives the `lottery.pruning.examples.Examples` of a training and the file of its weights."""


def mask(
    spec: MaskSpec,
    weights: str | None,
    given: str | None,
    out: str,
    early: str | None = None,
    examples: Opened | None = None,
) -> None:
    """Write the mask of `spec.round`.

    A found ticket reads `weights`, W* of the round before, and from round 2 on `given`, its mask;
    if its criterion asks, `early`, W_k, or `examples`, the training that ended with W*.
    An adjusted random one reads the dense network's `weights`, a shuffled or a reinitialised one
    the mask `given` to the found ticket in this round, and a random one nothing.
    """
    stopwatch = records.Stopwatch()
    chain = spec.chain
    if chain.baseline is None:
        found = _pruned(spec, weights, given, early, examples)
    else:
        found = _drawn(spec, chain.baseline, weights, given)
    read = artifacts.sources({"weights": weights, "mask": given, "early": early})
    about = records.header("mask", spec, mask_code(chain), read, stopwatch)
    log(
        f"mask of {chain.ticket}, seed {chain.seed}, round {spec.round}: "
        f"{found.remaining} of {found.total} weights remain ({found.density:.3%})"
    )
    for layer in found.empty_layers():
        log(f"warning: nothing remains of {layer}")
    artifacts.save(out, about, found.packed())


def _pruned(
    spec: MaskSpec,
    weights: str | None,
    given: str | None,
    early: str | None,
    examples: Opened | None,
) -> Mask:
    chain = spec.chain
    before = GenerateSpec.of(chain, spec.round - 1)
    trained = _trained(chain, before, weights)
    kept = inputs.mask(trained, chain, spec.round - 1, given)
    wanted = CRITERIA[chain.criterion]
    start = inputs.early(chain, kept, early) if wanted.early else None
    if wanted.examples and examples is None:
        raise LotteryError(f"--images: criterion {chain.criterion} runs the network on images")
    with contextlib.ExitStack() as opened:
        again = None
        if wanted.examples and examples:
            again = opened.enter_context(examples(chain, before, str(weights)))
        scores = scored(chain.criterion, Trained(trained, start, again))
    try:
        return select(scores, kept, _fraction(chain))
    except LotteryError as error:
        raise LotteryError(f"{weights}: {error}") from None


def _drawn(spec: MaskSpec, baseline: Baseline, weights: str | None, given: str | None) -> Mask:
    chain = spec.chain
    skeleton = prunable(models.skeleton(chain.architecture), chain.convolutions)
    of = baseline.of or chain  # a random one reads neither of what this names
    return baselines.mask(
        baseline.kind,
        baselines.Given(
            dense=dense_mask(skeleton, chain.architecture, chain.excluded_at),
            fraction=_fraction(chain),
            round=spec.round,
            seed=chain.seed,
            trained=lambda: _trained(chain, GenerateSpec.of(of, 0), weights),
            zero_threshold=baseline.zero_threshold or 0.0,
            found=lambda: inputs.mask(skeleton, of, spec.round, given),
        ),
    )


def _trained(chain: Chain, spec: GenerateSpec, weights: str | None) -> dict[str, Tensor]:
    """The trained weights in the chain's scope; a dense training serves all scopes."""
    return scope(inputs.trained(spec, weights), chain.convolutions)


def _fraction(chain: Chain) -> float:
    if chain.fraction is None:
        raise LotteryError("--spec: chain.fraction: a mask needs the fraction that a round prunes")
    return chain.fraction


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--weights", help="W* to prune (in)")
    parser.add_argument("--mask", help="mask to prune further, or to share (in)")
    parser.add_argument("--early", help="W_k (in), for criteria that compare with it")
    parser.add_argument("--out", required=True, help="mask (out, .pt)")
    parser.add_argument("--images", help="the decoded data set (in), for criteria that run")
    parser.add_argument("--subset", help="training indices (in), for criteria that run")
    data_option(parser)
    machine_options(parser)


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    spec = parse(MaskSpec, args.spec)
    examples = None
    if args.images:  # what trains networks is imported, and counts as this stage's code, only then
        module = importlib.import_module("lottery.stages.examples")
        examples = partial(module.opened, args)
    mask(spec, args.weights, args.mask, args.out, args.early, examples)
