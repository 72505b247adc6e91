"""Reports: what they say is possible, and agrees with the mask and the recipe."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from lottery import paths
from lottery.geometry import dead_taps
from lottery.specs import GenerateSpec
from lottery.verifying import networks
from lottery.verifying.book import Unchecked
from lottery.verifying.contents import Result
from lottery.verifying.known import Known

CLOSE = 1e-9
"""How far two numbers may be apart that are the same."""
WHOLE = 1e-6
"""How far from a whole number of right answers an accuracy may be."""


def training(result: Result, known: Known) -> Iterator[str]:
    """The report of a generation or an evaluation."""
    spec, found = result.spec, result.content
    about = spec.training() if isinstance(spec, GenerateSpec) else spec
    yield from _tested(found["test"])
    yield from _counts(result, known)
    if len(found["epochs"]) != about.recipe.epochs:
        yield f"{len(found['epochs'])} epochs, in its recipe {about.recipe.epochs}"
    for number, epoch in enumerate(found["epochs"], 1):
        if not (_finite(epoch["loss"]) and _share(epoch["accuracy"])):
            yield f"epoch {number}: accuracy {epoch['accuracy']}, loss {epoch['loss']}"
    for key in ("inputs", "device_seconds"):
        if not (_finite(found[key]) and found[key] >= 0):
            yield f"{key} is {found[key]}"
    if found["dead_taps"] != asdict(dead_taps(spec.chain.architecture, about.dataset.image_size)):
        yield "its dead taps are not those of its network"


def _tested(test: Mapping[str, Any]) -> Iterator[str]:
    """An accuracy is a number of right answers over the number of examples."""
    accuracy, examples = test["accuracy"], test["examples"]
    if not _share(accuracy):
        yield f"accuracy {accuracy} is not between 0 and 1"
    elif not isinstance(examples, int) or examples < 1:
        yield f"{examples} test examples"
    elif abs(accuracy * examples - round(accuracy * examples)) > WHOLE:
        yield f"accuracy {accuracy} is no whole number of {examples} examples"
    if not _share(test["chance"]):
        yield f"chance {test['chance']} is not between 0 and 1"
    if not _finite(test["loss"]):
        yield f"loss {test['loss']} is not finite"


def _counts(result: Result, known: Known) -> Iterator[str]:
    """Weights: of the network, by the exact rule, and those of the round's mask if it is there."""
    chain, round, found = result.spec.chain, result.spec.round, result.content
    mask = known.mask_in(result.folder) if round else None
    if chain.imported:
        path = paths.imported(result.file.root, chain.ticket)
        mask = known.imported.get(path)
        if mask is None:
            yield Unchecked(f"how many weights remain: {path} is not there, or wrong")
    whole = chain.model_copy(update={"convolutions": None})
    expected = {
        "total": networks.total_of(chain),
        "remaining": mask.remaining if mask else networks.remaining_of(chain, round),
        "prunable": networks.total_of(whole),
    }
    for key, count in expected.items():
        if found[key] != count and not (count is None and chain.imported):
            yield f"{key} is {found[key]}, must be {count}"
    density = found["remaining"] / found["total"]
    if not _finite(found["density"]) or abs(found["density"] - density) > CLOSE:
        yield f"density is {found['density']}, must be {density}"
    if mask and found["empty_layers"] != mask.empty_layers():
        yield "its empty layers are not those of its mask"
    layers = {n: [int(own.sum()), own.numel()] for n, own in mask.layers().items()} if mask else {}
    if mask and found["layers"] != layers:
        yield "its layers are not those of its mask"
    if not 0 <= found["effective"] <= found["remaining"]:
        yield f"{found['effective']} weights lie on a path, of {found['remaining']} that remain"
    for key in ("updates", "samples"):
        if found[key] is None and chain.imported:
            continue
        if not isinstance(found[key], int) or found[key] < 1:
            yield f"{key} is {found[key]}"


def sparsity(result: Result, known: Known) -> Iterator[str]:
    """The report on a dense network's natural sparsity: shares and magnitudes that increase."""
    spec, found = result.spec, result.content
    chain = spec.dense.chain
    if found["total"] != networks.total_of(chain):
        yield f"total is {found['total']}, must be {networks.total_of(chain)}"
    if tuple(found["cuts"]) != spec.cuts or len(found["sparsity"]) != len(spec.cuts):
        yield "its cuts are not those of its spec"
    if len(found["ranks"]) != len(found["magnitudes"]):
        yield f"{len(found['magnitudes'])} magnitudes of {len(found['ranks'])} ranks"
    for key in ("ranks", "sparsity"):
        if not all(_share(value) for value in found[key]):
            yield f"{key} are not between 0 and 1"
    if not all(_finite(value) and value >= 0 for value in found["magnitudes"]):
        yield "magnitudes are not finite"
    elif found["magnitudes"] != sorted(found["magnitudes"]):
        yield "magnitudes do not increase"
    size = spec.dense.training().dataset.image_size
    if found["dead_taps"] != asdict(dead_taps(chain.architecture, size)):
        yield "its dead taps are not those of its network"


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _share(value: Any) -> bool:
    return _finite(value) and 0 <= value <= 1
