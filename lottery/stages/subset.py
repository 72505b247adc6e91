"""Stage `subset`: the training indices that all stages of a ticket share."""

import argparse

import torch

from lottery import artifacts, records
from lottery.data import subsets
from lottery.fingerprint import code
from lottery.messages import log
from lottery.specs import SubsetSpec, parse
from lottery.stages import inputs
from lottery.stages.command import images_option, spec_option


def subset(spec: SubsetSpec, images: str, out: str) -> None:
    """Draw indices and write them with the digest of the data they were drawn from."""
    stopwatch = records.Stopwatch()
    found, names = inputs.images(spec.dataset, images)
    labels = found["train"][0].labels
    indices = subsets.draw(labels, spec.subset, spec.seed, names)
    classes = torch.unique(labels[indices])
    log(
        f"{spec.dataset.name}: {len(indices)} of {len(labels)} images, "
        f"{len(classes)} of {spec.dataset.classes} classes"
    )
    read = artifacts.sources({"images": images})
    artifacts.save(
        out,
        records.header("subset", spec, code("subset"), read, stopwatch),
        {
            "indices": indices,
            "classes": classes,
            **{split: digest for split, (_, digest) in found.items()},
        },
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    images_option(parser)
    parser.add_argument("--out", required=True, help="indices (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    subset(parse(SubsetSpec, args.spec), args.images, args.out)
