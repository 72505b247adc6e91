"""Stage `images`: a data set decoded once for all stages that read it, or listed if streamed."""

import argparse
from pathlib import Path
from typing import Any

from lottery import artifacts, records
from lottery.catalogue.formats import FORMATS
from lottery.data import class_folders, datasets
from lottery.data.datasets import Listing
from lottery.messages import log
from lottery.specs import Dataset, ImagesSpec, parse
from lottery.stages.command import data_option, spec_option


def images(spec: ImagesSpec, data: str, out: str, report: str | None = None) -> None:
    """Write pixels (or files) and labels of both splits, with the digests that identify them.

    The report says what was found; of an image folder also what each class folder held, so that a
    change of it is seen.
    """
    stopwatch = records.Stopwatch()
    payload: dict[str, Any] = {"classes": _class_names(spec.dataset, data)}
    result: dict[str, Any] = _surveyed(spec.dataset, data)
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
    header = records.header("images", spec, {}, stopwatch)
    artifacts.save(out, header, payload)
    if report:
        records.write_report(report, header, result)


def _class_names(dataset: Dataset, data: str) -> list[str]:
    """By label; those of an image folder only, for messages."""
    if not FORMATS[dataset.format].class_folders or not data:
        return []
    return class_folders.classes(dataset, Path(data))


def _surveyed(dataset: Dataset, data: str) -> dict[str, Any]:
    """What the class folders of a data set hold, if it has such."""
    if not FORMATS[dataset.format].class_folders or not data:
        return {}
    found = class_folders.survey(dataset, Path(data))
    if found.passed_over:
        words = class_folders.passed(found.passed_over)
        log(f"{dataset.name}: passed over, being no images: {words}")
    return {"contents": found.contents, "folders": found.folders, "passed_over": found.passed_over}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    spec_option(parser)
    data_option(parser)
    parser.add_argument("--out", required=True, help="images (out, .pt)")
    parser.add_argument("--report", help="what was found (out, JSON)")


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    images(parse(ImagesSpec, args.spec), args.data, args.out, args.report)
