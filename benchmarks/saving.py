"""What saving the states of a training costs it, and how soon after its start a job learns."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from benchmarks.inputs import RESNET50, recipe
from benchmarks.measuring import Row, in_turn
from lottery import models
from lottery.config import load
from lottery.specs import Augmentation, ImagesSpec
from lottery.stages.images import images as images_stage
from lottery.stages.subset import subset as subset_stage
from lottery.training.checkpoints import Checkpoints
from lottery.training.optimizers import Optimizer

ROOT = Path(__file__).parent.parent
EVERY = 300.0
"""Seconds between two states, by default."""


def run(images: str | None) -> list[Row]:
    """Of a ResNet-50, its momentum and W_k, 307 MB; and of the demo's first training."""
    with tempfile.TemporaryDirectory(dir=ROOT / "results") as place:
        return [*_states(Path(place)), *_start(Path(place))]


def _states(place: Path) -> list[Row]:
    config = load([ROOT / "config.yaml"])
    spec = config.generate("imagenet-labels-resnet50", 0, 1)
    model = models.build(RESNET50, 1000, 0, "init")
    stepper = Optimizer(model, recipe(2, Augmentation()))
    cross_entropy(model(torch.randn(2, 3, 64, 64)), torch.arange(2)).backward()
    stepper.step()
    early = {0: {name: value.clone() for name, value in model.state_dict().items()}}
    state = {"model": model.state_dict(), "optimizer": stepper.state_dict(), "early": early}
    checkpoints = Checkpoints(place / "states", spec, {}, EVERY)
    seconds = in_turn({"save": lambda: checkpoints.save(1, state)}, times=5)["save"]
    return [
        Row("saving", "a state of a ResNet-50", seconds, "s"),
        Row("saving", "share of the time between two", seconds / EVERY, "ratio", "under 0.01"),
    ]


def _start(place: Path) -> list[Row]:
    config = load([ROOT / "config.yaml", ROOT / "config/demo.yaml"])
    spec = config.generate("cifar10-labels-resnet18", 0, 0)
    data, drawn = str(place / "images.pt"), str(place / "all.pt")
    images_stage(ImagesSpec(dataset=spec.training().dataset), "", data)
    subset_stage(spec.subset(), data, drawn)
    command = [sys.executable, "-m", "lottery", "generate", "--spec", spec.text()]
    command += ["--images", data, "--subset", drawn, "--checkpoint-minutes", "0"]
    for name in ("early", "weights", "report"):
        command += [f"--{name}", str(place / name)]

    def begin() -> None:
        states = Path(tempfile.mkdtemp(dir=place))
        process = subprocess.Popen(
            [*command, "--checkpoints", str(states)], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not list(states.glob("update*.pt")):
            time.sleep(0.01)
        process.kill()
        process.wait()

    def imports() -> None:
        subprocess.run([sys.executable, "-c", "import torch"], check=True)

    seconds = in_turn({"start": begin, "import": imports}, times=3)
    ratio = seconds["start"] / seconds["import"]
    return [
        Row("start", "from the command to the first update", seconds["start"], "s"),
        Row("start", "over importing torch", ratio, "ratio"),
    ]
