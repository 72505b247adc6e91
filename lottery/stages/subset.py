"""Stage `subset`: the training indices that all stages of a ticket share."""

import argparse

import torch

from lottery import artifacts, records
from lottery.data import datasets, subsets
from lottery.specs import SubsetSpec, parse
from lottery.stages.command import data_option, spec_option
from lottery.training.progress import log


def subset(spec: SubsetSpec, data: str, out: str) -> None:
    """Draw indices and write them with the digest of the data they were drawn from."""
    stopwatch = records.Stopwatch()
    images = datasets.load(spec.dataset, data or None, "train")
    indices = subsets.draw(images.labels, spec.subset, spec.seed)
    classes = torch.unique(images.labels[indices])
    log(
        f"{spec.dataset.name}: {len(indices)} of {len(images.labels)} images, "
        f"{len(classes)} of {spec.dataset.classes} classes"
    )
    artifacts.save(
        out,
        records.header("subset", spec, {}, stopwatch),
        {
            "indices": indices,
            "classes": classes,
            "train": images.digest(),
            "test": datasets.load(spec.dataset, data or None, "test").digest(),
        },
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    data_option(parser)
    parser.add_argument("--out", required=True, help="indices (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    subset(parse(SubsetSpec, args.spec), args.data, args.out)
