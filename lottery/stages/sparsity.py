"""Stage `sparsity`: how many weights of the dense network converged to zero (Section 4.5)."""

import argparse
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from lottery import artifacts, records
from lottery.fingerprint import sparsity_code
from lottery.geometry import dead_taps
from lottery.messages import log
from lottery.pruning.prunable import dense_mask
from lottery.specs import SparsitySpec, parse
from lottery.stages import inputs
from lottery.stages.command import spec_option

POINTS = 501
"""Number of sorted magnitudes that the report keeps."""


def sparsity(spec: SparsitySpec, weights: str, report: str) -> None:
    """Write the fractions at or below each cut, and sorted magnitudes at evenly spaced ranks."""
    stopwatch = records.Stopwatch()
    chain, trained = spec.dense.chain, inputs.trained(spec.dense, weights)
    dense = dense_mask(trained, chain.architecture, chain.excluded_at)
    magnitudes = dense.compress(trained).abs().sort().values
    size = spec.dense.training().dataset.image_size
    dead = dead_taps(chain.architecture, size)
    result = {**natural_sparsity(magnitudes, spec.cuts), "dead_taps": asdict(dead)}
    for cut, share in zip(result["cuts"], result["sparsity"], strict=True):
        log(f"{spec.dense.chain.ticket}: {share:.2%} of the weights are at most {cut:g}")
    code, read = sparsity_code(chain.architecture.model), artifacts.sources({"weights": weights})
    about = records.header("sparsity", spec, code, read, stopwatch)
    records.write_report(report, about, result)


def natural_sparsity(magnitudes: Tensor, cuts: tuple[float, ...]) -> dict[str, Any]:
    """`magnitudes`: |w| of all prunable weights (n,), increasing. Shares are 0..1."""
    count = len(magnitudes)
    below = torch.searchsorted(magnitudes, torch.tensor(cuts), right=True)
    ranks = torch.linspace(0, count - 1, POINTS).round().long().clamp(max=count - 1)
    return {
        "total": count,
        "cuts": list(cuts),
        "sparsity": (below / count).tolist(),
        "ranks": (ranks / count).tolist(),
        "magnitudes": magnitudes[ranks].tolist(),
    }


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    parser.add_argument("--weights", required=True, help="W* of round 0 (in)")
    parser.add_argument("--report", required=True, help="shares and magnitudes (out, JSON)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    sparsity(parse(SparsitySpec, args.spec), args.weights, args.report)
