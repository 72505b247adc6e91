"""Shared: a small data set, a small chain, and the repository itself."""

from pathlib import Path

import pytest
import torch

from lottery.data import datasets
from lottery.data.sources import Resident
from lottery.specs import (
    Architecture,
    Augmentation,
    Chain,
    Dataset,
    Point,
    Recipe,
    Start,
    Subset,
    Training,
)

REPOSITORY = Path(__file__).parent.parent

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits():
    """The digits data set at its native size."""
    return Dataset(
        name="digits",
        format="digits",
        classes=10,
        image_size=8,
        mean=(0.3, 0.3, 0.3),
        std=(0.33, 0.33, 0.33),
    )


@pytest.fixture(scope="session")
def images(digits):
    """Its training images."""
    return datasets.load(digits, None, "train")


@pytest.fixture(scope="session")
def narrow():
    """A ResNet-18 that trains in a second."""
    return Architecture(model="resnet", depth=18, width=4)


CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def source(images, digits):
    """Its training images, as a training takes them."""
    return Resident(images, digits, CPU)


def few(images, digits, count):
    """The first of its training images."""
    return Resident(images.select(torch.arange(count)), digits, CPU)


def recipe(**changes):
    """A short recipe."""
    settings = {
        "epochs": 2,
        "batch_size": 128,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "weight_decay": 0.0001,
        "augmentation": Augmentation(crop_padding=1),
    }
    return Recipe(**{**settings, **changes})


@pytest.fixture(scope="session")
def chain(digits, narrow):
    """A labels ticket of that network."""
    return Chain(
        ticket="labels",
        seed=0,
        architecture=narrow,
        rate=0.5,
        training=Training(
            dataset=digits,
            subset=Subset(),
            task="labels",
            recipe=recipe(),
            rewind=Point(epochs=1),
            starts=(Start(ticket="labels", rewind=Point(epochs=1)),),
        ),
    )
