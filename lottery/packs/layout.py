"""What a pack holds, by path, and the limits that both who writes one and who reads it keep."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from lottery import paths
from lottery.errors import LotteryError

MANIFEST, README, CRATE = "SHA256SUMS", "README.md", "ro-crate-metadata.json"
REQUIREMENTS = "requirements.txt"
TEXTS = (README, MANIFEST, CRATE, REQUIREMENTS)
"""The files at the top."""
MOST_ENTRIES = 250_000
"""All of the paper's results are some 30,000 files."""
MOST_JSON = 2**26
"""Bytes of a JSON file or of a text at the top."""
LARGE, MOST_RATIO = 2**20, 200
"""An entry of more bytes than the first is not compressed by more than the second."""

_CHAIN = r"results/(?:[^/]+/)?(?:dense|tickets)/.+/"
_RESULTS, _FIGURES = r"results/(?:[^/]+/)?", r"figures/(?:[^/]+/)?"
_KINDS = {
    _CHAIN + r"mask\.pt": "mask",
    _CHAIN + r"weights\.pt": "weights",
    _CHAIN + r"early/[^/]+\.pt": "early",
    _CHAIN + r"generation\.json": "generation",
    _CHAIN + r"evaluation-[^/]+\.json": "evaluation",
    _CHAIN + r"sparsity\.json": "sparsity",
    _RESULTS + r"subsets/[^/]+/[^/]+\.pt": "subset",
    _RESULTS + r"imported/[^/]+\.pt": "imported",
    _RESULTS + r"images/[^/]+\.json": "images",
    _RESULTS + r"tables/[^/]+\.json": "table",
    _RESULTS + r"tables/[^/]+\.csv": "rows",
    _RESULTS + r"logs/.+\.log": "log",
    _FIGURES + r"logs/[^/]+\.log": "log",
    _FIGURES + r"[^/]+\.png": "figure",
    _FIGURES + r"[^/]+\.pdf": "drawing",
    r"config/[^/]+\.ya?ml": "text",
    "|".join(map(re.escape, TEXTS)): "text",
}
_PATTERNS = [(re.compile(pattern), kind) for pattern, kind in _KINDS.items()]
_SCALE = re.compile(
    r"(?:results|figures)/(?:([^/]+)/)??(?:(?:dense|tickets|images|imported|subsets|tables|logs)/|[^/]+$)"
)
HEADLESS = {"rows", "log", "drawing", "text"}
"""Kinds of files without a header; all others hold what their header's `what` says."""


def kind(name: str) -> str | None:
    """What the file of this name in a pack holds; None if no pack holds such a file."""
    return next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(name)), None)


def results_of(name: str) -> str:
    """The results folder, in a pack, that a result or a figure belongs to."""
    found = _SCALE.match(name)
    return paths.results(found[1] or "paper" if found else "paper")


def problem(name: str, size: int) -> str | None:
    """In words, why no pack holds a file of this name and size in bytes; None if one may."""
    *folders, last = name.split("/")
    if name.startswith("/"):
        return "an absolute path"
    if "\\" in name or re.match("[A-Za-z]:", name):
        return "a path of another system"
    if not {"", ".", ".."}.isdisjoint(folders) or last in (".", ".."):
        return "a path that leaves its folder"
    if not name.isprintable():
        return "a name with control characters"
    if any(part.startswith(".") for part in (*folders, last)):
        return "a hidden file or folder"
    if kind(name) is None:
        return "a file that no pack holds"
    if size > MOST_JSON and (name.endswith(".json") or kind(name) == "text"):
        return f"larger than {MOST_JSON:,} bytes"
    return None


class Named(NamedTuple):
    """An input as a header names it."""

    path: str
    digest: str


def inputs(name: str, header: Mapping[str, Any]) -> list[Named]:
    """The inputs that the header of the file `name` names.

    Raises: LotteryError if it names them in no way that this version writes.
    """
    try:
        found = [Named(about["path"], about["digest"]) for about in header["inputs"].values()]
    except (AttributeError, TypeError, KeyError):
        raise LotteryError(f"{name}: its header names no readable inputs") from None
    if not all(isinstance(text, str) for each in found for text in each):
        raise LotteryError(f"{name}: its header names no readable inputs")
    return found


def within(root: str, path: str) -> str | None:
    """The name in a pack of an input's `path`, of results that lie in `root` there.

    Most headers name inputs from the project's folder, `results/demo/tickets/...`; those of tables
    from the results folder, `tickets/...`. None is outside.
    """
    inside = path.removeprefix(f"{root}/")
    if inside.startswith("/") or ".." in PurePosixPath(inside).parts:
        return None
    return f"{root}/{inside}"


def log_of(name: str) -> str | None:
    """The log of the job that made a result, where the workflow writes it; None if there is none.

    `name` is in a results folder, without that folder: `tickets/rotnet/seed0/round01/mask.pt`.
    """
    path = PurePosixPath(name)
    folder, stem = path.parent, path.stem
    if path.parts[0] in ("dense", "images") and path.suffix == ".json":
        return f"logs/{folder}/{stem}.log"
    if path.parts[0] == "subsets":
        return f"logs/subset/{folder.name}/{stem}.log"
    if path.parts[0] == "tables" and path.suffix == ".csv":
        return f"logs/aggregate/{stem}.log"
    if path.parts[0] == "tickets" and stem != "weights":
        stage, _, evaluation = stem.partition("-")
        stage = {"generation": "generate", "evaluation": "evaluate"}.get(stage, stage)
        ending = f"-{evaluation}" if evaluation else ""
        return f"logs/{stage}/{folder.relative_to('tickets')}{ending}.log"
    return None
