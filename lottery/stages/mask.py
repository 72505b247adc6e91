"""Stage `mask`: the mask of round r, from the weights of round r - 1 or drawn for a baseline."""

import argparse

from torch import Tensor

from lottery import artifacts, models, records
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.pruning import magnitude, random
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable, scope
from lottery.specs import Chain, GenerateSpec, MaskSpec, parse
from lottery.stages import inputs
from lottery.stages.command import spec_option


def mask(spec: MaskSpec, weights: str | None, given: str | None, out: str) -> None:
    """Write the mask of `spec.round`.

    A found ticket reads `weights`, W* of the round before, and from round 2 on `given`, its mask.
    An adjusted random one reads the dense network's `weights`, a reinitialised one the mask `given`
    to the found ticket in this round, and a random one nothing.
    """
    stopwatch = records.Stopwatch()
    chain = spec.chain
    if chain.baseline is None:
        found = _pruned(spec, weights, given)
    elif chain.baseline.of is None:
        found = random.random_mask(_dense(chain), _rate(chain), spec.round, chain.seed)
    elif chain.baseline.zero_threshold is None:
        found = inputs.mask(_skeleton(chain), chain.baseline.of, spec.round, given)
    else:
        dense = _trained(chain, GenerateSpec.of(chain.baseline.of, 0), weights)
        threshold = chain.baseline.zero_threshold
        found = random.adjusted_random_mask(
            _dense(chain), dense, threshold, _rate(chain), spec.round, chain.seed
        )
    about = records.header("mask", spec, {"weights": weights, "mask": given}, stopwatch)
    log(
        f"mask of {chain.ticket}, seed {chain.seed}, round {spec.round}: "
        f"{found.remaining} of {found.total} weights remain ({found.density:.3%})"
    )
    for layer in found.empty_layers():
        log(f"warning: nothing remains of {layer}")
    artifacts.save(out, about, found.packed())


def _pruned(spec: MaskSpec, weights: str | None, given: str | None) -> Mask:
    chain = spec.chain
    trained = _trained(chain, GenerateSpec.of(chain, spec.round - 1), weights)
    before = inputs.mask(trained, chain, spec.round - 1, given)
    try:
        return magnitude.prune(trained, before, _rate(chain))
    except LotteryError as error:
        raise LotteryError(f"{weights}: {error}") from None


def _trained(chain: Chain, spec: GenerateSpec, weights: str | None) -> dict[str, Tensor]:
    """Of trained weights those in the chain's scope: a dense training is that of all scopes."""
    return scope(inputs.trained(spec, weights), chain.convolutions)


def _skeleton(chain: Chain) -> dict[str, Tensor]:
    return prunable(models.skeleton(chain.architecture), chain.convolutions)


def _dense(chain: Chain) -> Mask:
    return dense_mask(_skeleton(chain), chain.architecture, chain.excluded_at)


def _rate(chain: Chain) -> float:
    if chain.rate is None:
        raise LotteryError("--spec: chain.rate: a mask needs the share that a round prunes")
    return chain.rate


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--weights", help="W* to prune (in)")
    parser.add_argument("--mask", help="mask to go on from, or to share (in)")
    parser.add_argument("--out", required=True, help="mask (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    mask(parse(MaskSpec, args.spec), args.weights, args.mask, args.out)
