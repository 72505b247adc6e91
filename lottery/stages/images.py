"""Stage `images`: a data set decoded once for all stages that read it, or listed if streamed."""

import argparse
from pathlib import Path
from typing import Any

from lottery import artifacts, records
from lottery.catalogue.formats import FORMATS
from lottery.data import class_folders, datasets
from lottery.data.datasets import Listing
from lottery.fingerprint import images_code
from lottery.messages import log
from lottery.specs import ImagesSpec, parse
from lottery.stages.command import data_option, spec_option


def images(spec: ImagesSpec, data: str, out: str, report: str | None = None) -> None:
    """Write pixels (or files) and labels of both splits, with the digests that identify them.

    The report says what was found; of an image folder also what each class folder held, so that a
    change of it is seen.
    """
    stopwatch = records.Stopwatch()
    payload: dict[str, Any] = {}
    result: dict[str, Any] = {}
    if FORMATS[spec.dataset.format].class_folders and data:
        survey = class_folders.survey(spec.dataset, Path(data))
        payload["classes"] = survey.classes  # for messages
        result |= {"contents": survey.contents, **survey._asdict()}
        if survey.passed_over:
            words = class_folders.passed(survey.passed_over)
            log(f"{spec.dataset.name}: ignored, as they are no images: {words}")
    for split in datasets.SPLITS:
        found = datasets.load(spec.dataset, data or None, split)
        payload[split] = {**found._asdict(), "digest": found.digest()}
        result[split] = {"images": len(found.labels), "digest": payload[split]["digest"]}
        slow = ""
        if isinstance(found, Listing):
            result[split]["by_pillow"] = int(found.by_pillow.sum())
            if found.by_pillow.any():
                slow = f", {result[split]['by_pillow']:,} of them for Pillow, whatever the loader"
        log(f"{spec.dataset.name}: {len(found.labels):,} {split} images{slow}")
    code = images_code(spec.dataset.format)
    header = records.header("images", spec, code, {}, stopwatch)
    artifacts.save(out, header, payload)
    if report:
        records.write_report(report, header, result)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    data_option(parser)
    parser.add_argument("--out", required=True, help="images (out, .pt)")
    parser.add_argument("--report", help="what was found (out, JSON)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    images(parse(ImagesSpec, args.spec), args.data, args.out, args.report)
