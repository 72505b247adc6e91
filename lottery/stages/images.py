"""Stage `images`: a data set decoded once for all stages that read it, or listed if streamed."""

import argparse
from typing import Any

from lottery import artifacts, records
from lottery.data import datasets
from lottery.specs import ImagesSpec, parse
from lottery.stages.command import data_option, spec_option
from lottery.training.progress import log


def images(spec: ImagesSpec, data: str, out: str) -> None:
    """Write pixels (or files) and labels of both splits, with the digests that identify them."""
    stopwatch = records.Stopwatch()
    payload: dict[str, Any] = {}
    for split in datasets.SPLITS:
        found = datasets.load(spec.dataset, data or None, split)
        log(f"{spec.dataset.name}: {len(found.labels):,} {split} images")
        payload[split] = {**found._asdict(), "digest": found.digest()}
    artifacts.save(out, records.header("images", spec, {}, stopwatch), payload)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    data_option(parser)
    parser.add_argument("--out", required=True, help="images (out, .pt)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    images(parse(ImagesSpec, args.spec), args.data, args.out)
