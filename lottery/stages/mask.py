"""Stage `mask`: the mask of round r, from the weights of round r - 1 or drawn for a baseline."""

import argparse

from lottery import artifacts, models, records
from lottery.pruning import magnitude, random
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Baseline, Chain, GenerateSpec, MaskSpec, parse
from lottery.stages import inputs
from lottery.stages.command import spec_option
from lottery.training.progress import log


def mask(spec: MaskSpec, weights: str | None, previous: str | None, out: str) -> None:
    """Write the mask of `spec.round`.

    `weights` are W* of the round before; for an adjusted random ticket, of the dense network; for
    a random one there are none. `previous` is the mask of the round before, from round 2 on.
    """
    stopwatch = records.Stopwatch()
    baseline = spec.chain.baseline
    found = _baseline(spec, baseline, weights) if baseline else _found(spec, weights, previous)
    about = records.header("mask", spec, {"weights": weights, "previous": previous}, stopwatch)
    log(
        f"mask {spec.chain.ticket}, seed {spec.chain.seed}, round {spec.round}: "
        f"{found.remaining} of {found.total} weights remain ({found.density:.3%})"
    )
    for layer in found.empty_layers():
        log(f"warning: nothing remains of {layer}")
    artifacts.save(out, about, found.packed())


def _found(spec: MaskSpec, weights: str | None, previous: str | None) -> Mask:
    chain = spec.chain
    trained = inputs.trained(GenerateSpec.of(chain, spec.round - 1), weights)
    before = inputs.mask(trained, chain, spec.round - 1, previous)
    return magnitude.prune(trained, before, _rate(chain))


def _baseline(spec: MaskSpec, baseline: Baseline, weights: str | None) -> Mask:
    chain, rate = spec.chain, _rate(spec.chain)
    if baseline.dense is None or baseline.zero_threshold is None:
        shapes = prunable(models.skeleton(chain.architecture))
        return random.random_mask(shapes, rate, spec.round, chain.seed)
    dense = inputs.trained(baseline.dense, weights)
    return random.adjusted_random_mask(dense, baseline.zero_threshold, rate, spec.round, chain.seed)


def _rate(chain: Chain) -> float:
    assert chain.rate is not None  # only a dense GenerateSpec goes without
    return chain.rate


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--weights", help="W* to prune (in)")
    parser.add_argument("--previous", help="mask of the round before (in)")
    parser.add_argument("--out", required=True, help="mask (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    mask(parse(MaskSpec, args.spec), args.weights, args.previous, args.out)
