"""Shared: a small data set, a small chain, and the repository itself."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import sklearn
import torch
from PIL import Image

from lottery import artifacts, paths, records
from lottery.data import datasets, loaders
from lottery.data.sources import Resident, Streamed
from lottery.figure_specs import AggregateSpec, RewindTable
from lottery.fingerprint import Code
from lottery.pruning.weights import unpack
from lottery.specs import (
    Architecture,
    Augmentation,
    Chain,
    Dataset,
    EarlySpec,
    ImagesSpec,
    Recipe,
    Rewind,
    Subset,
    SubsetSpec,
    Training,
)
from lottery.stages.images import images as images_stage
from lottery.stages.subset import subset as subset_stage

REPOSITORY = Path(__file__).parent.parent

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
if "ATEN_CPU_CAPABILITY" in os.environ:
    # torch.compile (torch 2.15) takes code from its cache that was made for other instructions than
    # this asks for, and computes NaN with it.
    cache = Path(tempfile.gettempdir()) / f"torchinductor-{os.environ['ATEN_CPU_CAPABILITY']}"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache))


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
CODE = Code("test", "0" * 16, {})


def header(what, spec):
    """Of a result that a test makes by itself."""
    return records.header(what, spec, CODE, {}, records.Stopwatch())


def write_table(path, figure, text):
    """A table of a figure, with the report beside it."""
    spec = AggregateSpec(figure=figure, table=RewindTable(kind="rewind", curves=()))
    records.write_table(str(path), header("table", spec), text.encode(), text.encode())


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
        dense="digits/all/narrow/labels/short",
        architecture=narrow,
        fraction=0.5,
        training=Training(
            dataset=digits,
            subset=Subset(),
            task="labels",
            recipe=recipe(),
            rewind=Rewind(epochs=1),
            rewind_name="late",
        ),
    )


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """An image folder: JPEGs of many shapes in two classes, one of them grey, and a PNG."""
    root = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    whole = [Image.open(Path(sklearn.__file__).parent / "datasets/images" / name) for name in FILES]
    for split, count in (("train", 44), ("test", 11)):
        for label, photograph in enumerate(whole):
            folder = root / split / FILES[label].removesuffix(".jpg")
            folder.mkdir(parents=True)
            for number in range(count):
                wide, high = rng.integers(40, 200, 2).tolist()
                left = int(rng.integers(0, photograph.width - wide))
                top = int(rng.integers(0, photograph.height - high))
                image = photograph.crop((left, top, left + wide, top + high))
                kind = "png" if number == 1 else "jpg"
                (image.convert("L") if number == 0 else image).save(folder / f"{number}.{kind}")
    return root


FILES = ("china.jpg", "flower.jpg")


def folder_of(**changes):
    """A streamed folder of those."""
    grey = (0.5, 0.5, 0.5)
    settings = {"name": "photographs", "format": "folder", "classes": 2, "streamed": True}
    sizes = {"image_size": 24, "stored_size": 28}
    return Dataset(**{**settings, **sizes, "mean": grey, "std": (0.25, 0.25, 0.25), **changes})


LATE = {"late": Rewind(epochs=1)}
"""Where the dense trainings of tests save W_k."""


def stage_inputs(root, dataset, data=""):
    """What every training of a data set reads: its images and all of its indices."""
    images, subset = str(root / "images.pt"), str(root / "all.pt")
    images_stage(ImagesSpec(dataset=dataset), str(data), images)
    subset_stage(SubsetSpec.of(dataset, Subset(), 0), images, subset)
    return {"images": images, "subset": subset}


def stage_call(stage, spec, **options):
    """The command line of a stage."""
    words = [sys.executable, "-m", "lottery", stage, "--spec", spec.text()]
    return words + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]


def starter(root, spec, **inputs):
    """Starts the stage `generate` in a folder below `root`, with a state before every update."""

    def start(name, processes=1, step=None, **options):
        folder = root / name
        report = f"{folder}/generation.json"
        outputs = {"early": folder / "early", "weights": folder / "weights.pt", "report": report}
        how = {
            "checkpoints": paths.unfinished(report),
            "checkpoint_minutes": 0,
            "processes": processes,
            "device": "cpu",
        }
        process = subprocess.Popen(
            stage_call("generate", **{"spec": spec, **inputs, **outputs, **how, **options}),
            cwd=REPOSITORY,
            env={**os.environ, **(step or {})},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return process, folder

    return start


def results(folder, spec):
    """All weights that the stage `generate` wrote, W_k among them."""
    at = EarlySpec(dense=spec.trained(), rewind=spec.rewinds["late"])
    early = artifacts.load(folder / "early/late.pt", "early", at)["model"]
    weights = unpack(artifacts.load(folder / "weights.pt", "weights", spec.trained()))
    return {**{f"early {k}": v for k, v in early.items()}, **weights}


def newest_state(folder):
    """After how many updates it was saved; 0 if there is none."""
    names = [path.stem for path in (folder / "generation-unfinished").glob("update*.pt")]
    return max((int(name.removeprefix("update")) for name in names), default=0)


def wait_for_state(process, folder):
    """Until the training has learned beyond what was saved before, or ended."""
    before = newest_state(folder)
    while process.poll() is None and newest_state(folder) <= before:
        time.sleep(0.01)


def streamed(root, loader, split="train", workers=1, count=None, dataset=None, device=CPU):
    """A split of it, through that loader."""
    dataset = dataset or folder_of()
    listing = datasets.load(dataset, root, split)
    if count:
        listing = listing.select(torch.arange(count))
    return Streamed(listing, dataset, root, device, loaders.choose(loader, workers)[0])
