"""What a result takes to make, from its spec alone: network inputs, operations, bytes."""

from itertools import islice
from typing import NamedTuple, Self

from lottery.catalogue.tasks import TASKS
from lottery.geometry import multiply_adds, prunable_weights, taps
from lottery.specs import (
    Chain,
    Dataset,
    EvaluateSpec,
    GenerateSpec,
    Precision,
    Subset,
    images_per_update,
    samples_at,
    samples_per_epoch,
)

FORWARD_AND_BACKWARD = 3
"""Passes over the network that learning from an input takes: backward is two forward ones."""
WEIGHT_BYTES = 4
"""All weights are float32."""
HEADER_BYTES = 8000
"""Of each artifact, about: what it is and how it was made."""


class Work(NamedTuple):
    """The trained part of a training; testing comes on top, and is measured with it."""

    kind: str
    """Trainings of one kind take the same time for an input."""
    inputs: float
    """Images, or views of them, that are learned from, nominally."""
    operations: float
    """Floating-point operations for each: multiplications and additions."""
    precision: Precision = "auto"

    @classmethod
    def of(cls, spec: GenerateSpec | EvaluateSpec, train_images: int | None = None) -> Self | None:
        """That of a training; None if the number of its training images is not known.

        `train_images` stands in where the data set's entry in the config has none.
        """
        if isinstance(spec, EvaluateSpec):
            dataset, subset, task, recipe = spec.dataset, Subset(), "labels", spec.recipe
        else:
            training = spec.training()
            dataset, subset = training.dataset, training.subset
            task, recipe = training.task, training.recipe
        if dataset.train_images is None and train_images is not None:
            dataset = dataset.model_copy(update={"train_images": train_images})
        samples = samples_per_epoch(dataset, subset, task)
        if samples is None:
            return None
        network = spec.chain.architecture
        operations = 2 * FORWARD_AND_BACKWARD * multiply_adds(network, dataset.image_size)
        where = f"{dataset.image_size} pixels{', streamed' * dataset.streamed}"
        kind = f"{network.text()} on {where}, {task}, {recipe.precision}"
        seen = samples * recipe.epochs
        baseline = spec.chain.baseline
        if baseline and baseline.longer:
            batch = images_per_update(recipe, TASKS[task].views)
            seen += samples_at(baseline.longer, samples, batch, recipe.epochs)
        inputs = seen * TASKS[task].views
        return cls(kind, inputs, operations, recipe.precision)


def size_on_disk(what: str, chain: Chain, round: int = 0) -> int:
    """Bytes of weights or a mask, about: of the weights that can be pruned, or a bit of each.

    Trained weights of a pruned `round` are kept with a mask and without those that are zero.
    """
    weights = prunable_weights(chain.architecture)
    mask = weights // 8
    if what == "mask":
        return HEADER_BYTES + mask
    if not round or what != "weights":
        return HEADER_BYTES + WEIGHT_BYTES * weights
    convolutions = islice(taps(chain.architecture, 224).values(), chain.convolutions)
    pruned = weights if chain.convolutions is None else sum(each.weights for each in convolutions)
    left = weights - pruned * (1 - (1 - (chain.fraction or 0)) ** round)
    return HEADER_BYTES + mask + int(WEIGHT_BYTES * left)


def images_on_disk(dataset: Dataset) -> int:
    """Bytes of the training images of a decoded data set; a streamed one stays in its folder."""
    return 0 if dataset.streamed else (dataset.train_images or 0) * 3 * dataset.side**2
