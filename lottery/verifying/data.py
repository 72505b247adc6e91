"""Data sets and the training indices that are drawn from them."""

from collections.abc import Iterator

import torch

from lottery import paths
from lottery.data import subsets
from lottery.data.datasets import SPLITS, Images, Listing
from lottery.verifying.book import Unchecked
from lottery.verifying.contents import Result
from lottery.verifying.known import Known, Labels


def images(result: Result, known: Known) -> Iterator[str]:
    """Decoded or listed images, or the report on them: each split has the digest beside it."""
    dataset, content = result.spec.dataset, result.content
    place = paths.images(result.file.root, dataset.name)
    if result.file.path != place:
        given = known.labels.get(place)
        if given is None:
            yield Unchecked("the images that it reports on are not there")
        elif given.digests != {split: content[split]["digest"] for split in SPLITS}:
            yield f"it reports on other images than those of {place}"
        return
    kind = Listing if dataset.streamed else Images
    found = {split: kind(*(content[split][name] for name in kind._fields)) for split in SPLITS}
    digests: dict[str, str] = {split: content[split]["digest"] for split in SPLITS}
    known.labels[place] = Labels(found["train"].labels, content.get("classes", []), digests)
    for split, each in found.items():
        if each.digest() != digests[split]:
            yield f"its {split} images are not those of their digest"
        if (
            len(each.labels) == 0
            or not 0 <= each.labels.min() <= each.labels.max() < dataset.classes
        ):
            yield f"its {split} labels are not those of {dataset.classes} classes"


def subset(result: Result, known: Known) -> Iterator[str]:
    """Training indices: drawn again from their seed, where the images are there."""
    spec, content = result.spec, result.content
    place = paths.images(result.file.root, spec.dataset.name)
    given = known.labels.get(place)
    if given is None:
        yield Unchecked(f"not drawn again: {place} is not there, or wrong")
        return
    if given.digests != {split: content[split] for split in SPLITS}:
        yield f"drawn from other images than those of {place}"
        return
    indices = subsets.draw(given.train, spec.subset, spec.seed, given.names)
    if not torch.equal(indices, content["indices"]):
        yield "its indices are not those that its seed draws"
    if not torch.equal(torch.unique(given.train[indices]), content["classes"]):
        yield "its classes are not those of its indices"
