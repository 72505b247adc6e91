"""Whether a result is what the present config, code and inputs would make, by its own header.

Neither the time of a file nor what Snakemake remembers of it counts: a copy, a clone and an
unpacked archive are as true as the original. Needs no torch.
"""

import os
from collections.abc import Mapping, Set
from functools import cache
from typing import Any, NamedTuple

from lottery import fingerprint, headers
from lottery.errors import LotteryError
from lottery.figure_specs import AggregateSpec, ClaimsSpec, PlotSpec
from lottery.messages import some
from lottery.specs import (
    EarlySpec,
    EvaluateSpec,
    GenerateSpec,
    ImagesSpec,
    ImportSpec,
    MaskSpec,
    SparsitySpec,
    Spec,
    SubsetSpec,
    changes,
    key_of,
    parse,
)

SPECS: dict[str, type[Spec]] = {
    "images": ImagesSpec,
    "subset": SubsetSpec,
    "weights": GenerateSpec,
    "generation": GenerateSpec,
    "early": EarlySpec,
    "mask": MaskSpec,
    "imported": ImportSpec,
    "evaluation": EvaluateSpec,
    "sparsity": SparsitySpec,
    "table": AggregateSpec,
    "figure": PlotSpec,
    "claims": ClaimsSpec,
}
"""By what a file holds, the type of the spec that makes it."""
PLAN = "LOTTERY_PLAN"
"""The variable that asks a dry run for its plan as JSON, in the file that it names."""


class Expected(NamedTuple):
    """What a file would be, if it were made now."""

    path: str
    what: str
    spec: str
    """The text of its spec."""
    codes: Set[str]
    """Of all stages that lead to it; of those of partial tables, only its own."""
    code: fingerprint.Code
    """Of its own stage."""
    inputs: Mapping[str, str]
    """The files that its stage reads, by name."""
    partial: bool = False
    """Whether it is made of what happens to be there: then of exactly these inputs."""


@cache
def _read(path: str) -> dict[str, Any] | LotteryError:
    """The header of a file, or what is wrong; read once, until `forget`."""
    try:
        return headers.read(path)
    except LotteryError as error:
        return error


def forget() -> None:
    """Read headers again from now on."""
    _read.cache_clear()


def header(path: str) -> dict[str, Any] | None:
    """The header of a file, None if it has none."""
    found = _read(path)
    return None if isinstance(found, LotteryError) else found


def stale(expected: Expected) -> str | None:
    """In words, why a file that is there must be made again; None if it is what it should be."""
    path = expected.path
    found = _read(path)
    if isinstance(found, LotteryError):
        return str(found)
    if found["what"] != expected.what:
        return f"{path} holds {found['what']!r}, not {expected.what!r}"
    if found["key"] != key_of(expected.spec):
        words = changes(parse(SPECS[expected.what], expected.spec), found["spec"])
        return f"{path}: {some(words) or 'its spec has changed'}"
    codes = set(found["codes"])
    if codes != expected.codes if not expected.partial else str(expected.code) not in codes:
        return f"{path}: {some(_changed_code(expected, found))}"
    return _other_input(expected, found)


def _other_input(expected: Expected, found: Mapping[str, Any]) -> str | None:
    """An input that is there and is not what the file was made from."""
    made_from = found["inputs"]
    there = {name: header(path) for name, path in expected.inputs.items() if os.path.exists(path)}  # noqa: PTH110
    if expected.partial and there.keys() != made_from.keys():
        return f"{expected.path}: made from {len(made_from)} results, {len(there)} are there"
    for name, about in there.items():
        if about and name in made_from and about["digest"] != made_from[name]["digest"]:
            return f"{expected.path}: made from another {expected.inputs[name]}"
    return None


def _changed_code(expected: Expected, found: Mapping[str, Any]) -> list[str]:
    """The modules that have changed, or the stages before, if their own results are not at hand."""
    now, then = expected.code.modules, found["modules"]
    names = sorted(n for n in now.keys() | then.keys() if now.get(n) != then.get(n))
    if names:
        return [f"code of {name.replace('.', '/')}.py" for name in names]
    others = expected.codes ^ set(found["codes"])
    return [f"code of stage {stage}" for stage in sorted({code.split(":")[0] for code in others})]
