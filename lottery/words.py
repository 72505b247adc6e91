"""Networks, subsets, rewind points and scopes in words, as figures and tables say them."""

import re

from lottery.catalogue.formats import FORMATS
from lottery.catalogue.networks import NETWORKS
from lottery.catalogue.tasks import TASKS
from lottery.specs import Architecture, Chain, Dataset, Rewind, Subset, TaskName

FULL_WIDTH = 64
"""Channels of the first convolution in all networks of the paper; other widths are stated."""


def network(architecture: Architecture, name: str = "") -> str:
    """`ResNet-18`, `ResNet-18, width 16`; followed by the network it stands in for, if any.

    A variant is stated too if it is not the family's default: `AlexNet, variant rotnet`.

    A config that lets a ResNet-18 stand in under the `name` resnet50 gets `(for ResNet-50)`.
    """
    own = architecture.family.named(architecture.depth)
    width = "" if architecture.width == FULL_WIDTH else f", width {architecture.width}"
    usual = architecture.variant in (None, *architecture.family.variants[:1])
    variant = "" if usual else f", variant {architecture.variant}"
    named = re.search(rf"({'|'.join(NETWORKS)})(\d*)", name)
    meant = NETWORKS[named[1]].named(named[2]) if named else own
    return own + variant + width + (f" (for {meant})" if meant != own else "")


def scope(chain: Chain) -> str:
    """Which weights a chain prunes: `all`, `first 11 convolutions`, `all 5 convolutions`."""
    count = chain.convolutions
    if count is None:
        return "all"
    if count == chain.architecture.convolutions():
        return f"all {count} convolutions"
    return "first convolution" if count == 1 else f"first {count} convolutions"


def subset(drawn: Subset, task: TaskName) -> str:
    """`100 %`, `10 % of images`, `5 images a class`; for a semi-supervised task, of labels."""
    kind = "labels" if TASKS[task].hides_labels else "images"
    said = []
    if isinstance(drawn.images, int):
        said.append(f"{drawn.images:,} {kind} a class")
    elif drawn.images is not None:
        said.append(f"{_percent(drawn.images)} of {kind}")
    if isinstance(drawn.classes, int):
        said.append(f"{drawn.classes:,} classes")
    elif drawn.classes is not None:
        said.append(f"{_percent(drawn.classes)} of classes")
    return ", ".join(said) or "100 %"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def counted(chain: Chain) -> str:
    """What `weights remaining` counts: all that are prunable, or `in the first 3 convolutions`."""
    said = "" if chain.excluded_at is None else "that see pixels"
    if chain.convolutions is not None:
        some = chain.convolutions < chain.architecture.convolutions()
        said += f" in {'the ' if some else ''}{scope(chain)}"
    return said.strip()


def rewind(point: Rewind) -> str:
    """`3.8 million samples`, `3 epochs`, `2500 updates`, `3.3 % of training`; or what is done."""
    if point.none:
        return "fine-tuning" if point.schedule == "end" else "learning-rate rewinding"
    return _moment(point) + (", schedule continued" if point.schedule == "continue" else "")


def _moment(point: Rewind) -> str:
    if point.samples is not None:
        if point.samples >= 1_000_000:
            return f"{point.samples / 1e6:.2g} million samples"
        return _counted(f"{point.samples:,}", "sample")
    if point.epochs is not None:
        return _counted(f"{point.epochs:g}", "epoch")
    if point.updates is not None:
        return _counted(f"{point.updates}", "update")
    return f"{point.percent:.2g} % of training"


def _counted(number: str, word: str) -> str:
    return f"{number} {word}" if number == "1" else f"{number} {word}s"


def split(dataset: Dataset) -> str:
    """The name of the split that networks are tested on: ImageNet's is for validation."""
    held_out = FORMATS[dataset.format].class_folders and dataset.test.startswith("val")
    return "validation" if held_out else "test"
