"""The same tickets by open_lth (facebookresearch/open_lth), by this workflow and by a bare loop.

A chain is a VGG-11 on CIFAR-10 that is trained three times, with 20 % of its weights pruned after
the first and the second and the rest rewound to update 6: to update 60, of 128 images each, and
tested on 10,000 images, each time. One chain has all cores; two share them (`open_lth_two`).
open_lth computes in float32; the others do so too, and once more in bfloat16 where the processor
has it. Medians of runs in turn; the bare loops, and open_lth with all its tests, run once.

open_lth itself is not part of this repository: `--open-lth FOLDER` names a clone of it.
"""

import json
import multiprocessing
import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import yaml
from PIL import Image
from torch.nn.functional import cross_entropy
from torchvision.datasets import CIFAR10

from benchmarks.measuring import Row
from lottery import models, paths
from lottery.hardware import has_bfloat16
from lottery.specs import Architecture, Precision
from lottery.training.precision import autocast

ROOT = Path(__file__).parent.parent
CORES = len(os.sched_getaffinity(0))
SCALE = "open-lth"
RESULTS = ROOT / paths.results(SCALE)
CLASSES, TRAINED, TESTED = 10, 50_000, 10_000
BATCH = 128
UPDATES = 60
EARLY = 6
"""Updates after which W_k is saved."""
ROUNDS = 3
TIMES = 3
"""Runs of open_lth and of the workflow, in turn."""
BFLOAT16_TARGET = 3.5
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
TICKET = "cifar10-labels-vgg11"
VGG11 = Architecture(model="vgg", depth=11, pools=4)
"""The network of open_lth: the last pooling is the mean."""


class Ours(NamedTuple):
    """Seconds of one chain, or of two, in one precision."""

    seconds: float
    shares: dict[str, float]
    """Of that time."""


def run(open_lth: str | None, cifar10: str | None) -> list[Row]:
    """Seconds of one chain by each, and their ratios."""
    return list(compare("open_lth", 1, 2, open_lth, cifar10))


def compare(
    benchmark: str, chains: int, target: float, open_lth: str | None, cifar10: str | None
) -> Iterator[Row]:
    """Seconds of so many chains side by side by each, and their ratios."""
    if open_lth is None:
        print(
            f"{benchmark}: left out, it needs --open-lth FOLDER "
            "(git clone https://github.com/facebookresearch/open_lth FOLDER)"
        )
        return
    clone = Path(open_lth).resolve()
    if not (clone / "open_lth.py").exists():
        raise SystemExit(f"--open-lth {clone}: no open_lth.py there")
    precisions: list[Precision] = ["float32", "bfloat16"] if has_bfloat16() else ["float32"]
    with tempfile.TemporaryDirectory(prefix="lottery-bench-") as temporary:
        place = Path(temporary)
        data = _real(Path(cifar10), place) if cifar10 else _random(place)
        theirs: list[float] = []
        ours: dict[Precision, list[Ours]] = {each: [] for each in precisions}
        for _ in range(TIMES):
            theirs.append(_theirs(clone, place, chains, "end"))
            for each, runs in ours.items():
                runs.append(_ours(data, chains, each))
        tested = _theirs(clone, place, chains, "all")
        bare = {each: _bare(chains, each) for each in precisions}
    usual = statistics.median(theirs)
    median = {
        each: sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
        for each, runs in ours.items()
    }

    def row(figure: str, value: float, unit: str = "ratio", target: str = "") -> Row:
        return Row(benchmark, figure, value, unit, target)

    for precision, own in median.items():
        least = BFLOAT16_TARGET if precision == "bfloat16" else target
        ratio = usual / own.seconds
        yield row(f"open_lth over ours in {precision}", ratio, target=f"at least {least:g}")
    for precision, own in median.items():
        ratio = tested / own.seconds
        yield row(f"open_lth with all its tests, over ours in {precision}", ratio)
    yield row("open_lth", usual, "s")
    yield row("open_lth with all its tests", tested, "s")
    for precision, own in median.items():
        yield row(f"ours in {precision}", own.seconds, "s")
        yield row(f"a bare loop in {precision}", bare[precision], "s")
        yield row(f"ours over a bare loop in {precision}", own.seconds / bare[precision])
        for name, share in own.shares.items():
            yield row(f"share of ours in {precision}: {name}", share)


def _theirs(clone: Path, place: Path, chains: int, tests: str) -> float:
    """Seconds that open_lth takes for so many chains side by side, on all cores."""
    results = place / "open_lth_data"
    shutil.rmtree(results, ignore_errors=True)
    threads = max(1, CORES // chains)
    environment = {**os.environ, **NO_GPU, "HOME": str(place), "OMP_NUM_THREADS": str(threads)}
    environment.pop("PYTHONPATH", None)
    shim = Path(__file__).with_name("open_lth_shim.py")
    command = [sys.executable, str(shim), str(clone), tests, "lottery", "--quiet"]
    command += ["--default_hparams=cifar_vgg_11", f"--levels={ROUNDS - 1}"]
    command += [f"--rewinding_steps={EARLY}it", f"--training_steps={UPDATES}it"]
    command += [f"--subsample_fraction={UPDATES * BATCH / TRAINED}", "--evaluate_only_at_end"]
    start = time.monotonic()
    running = [
        subprocess.Popen([*command, f"--replicate={chain + 1}"], cwd=place, env=environment)
        for chain in range(chains)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit("open_lth: it failed, see above")
    seconds = time.monotonic() - start
    logs = [path.read_text() for path in results.rglob("level_*/main/logger")]
    tested = sum(log.count("test_accuracy") for log in logs)
    if len(logs) != 4 * chains or (tests == "end" and tested != ROUNDS * chains):
        raise SystemExit(f"open_lth: {len(logs)} trainings with {tested} tests")
    return seconds


def _ours(data: dict[str, object], chains: int, precision: Precision) -> Ours:
    """The whole workflow from nothing."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    folders = [paths.round_folder(str(RESULTS), TICKET, seed, ROUNDS - 1) for seed in range(chains)]
    command = [sys.executable, "-m", "snakemake", "--cores", str(CORES), "--scheduler", "greedy"]
    command += [str(Path(paths.generation(each)).relative_to(ROOT)) for each in folders]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as overlay:
        yaml.safe_dump(_config(data, chains, precision), overlay)
        overlay.flush()
        start = time.monotonic()
        said = _timed([*command, "--configfile", overlay.name])
        seconds = time.monotonic() - start
    return Ours(seconds, _shares(said, chains * seconds))


def _timed(command: list[str]) -> list[tuple[float, str]]:
    """The lines that a command prints, and when it does."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **NO_GPU},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = [(time.monotonic(), line.strip()) for line in process.stdout]
    if process.wait():
        raise SystemExit("\n".join(line for _, line in said[-40:]))
    return said


def _shares(said: list[tuple[float, str]], available: float) -> dict[str, float]:
    """Where the time of all chains went, of what was `available` to them."""
    reports = [json.loads(path.read_text()) for path in RESULTS.rglob("generation.json")]
    training = sum(report["result"]["epochs"][0]["seconds"] for report in reports)
    writing = sum(report["result"]["device_seconds"] - report["seconds"] for report in reports)
    stages: dict[str, float] = {}
    trained: dict[str, float] = {}
    testing = 0.0
    for when, line in said:
        if found := re.match(r"(\w+): ([\d.]+) s, peak memory", line):
            stages[found[1]] = stages.get(found[1], 0) + float(found[2])
        elif found := re.match("(.*): epoch ", line):
            trained[found[1]] = when
        elif found := re.match("(.*): test accuracy ", line):
            testing += when - trained[found[1]]
    trainings = stages.pop("generate")
    shares = {
        "training": training,
        "testing": testing,
        "writing weights": writing,
        "starting and reading": trainings - training - testing - writing,
        "masks": stages.pop("mask"),
        "reading the data set once": sum(stages.values()),
    }
    shares["snakemake, and waiting"] = available - sum(shares.values())
    return {name: seconds / available for name, seconds in shares.items()}


def _config(data: dict[str, object], chains: int, precision: Precision) -> dict[str, object]:
    """An overlay with one figure, of one ticket."""
    figures = yaml.safe_load((ROOT / "config.yaml").read_text())["figures"]
    panels = {"VGG-11": {"evaluation": "cifar10", "curves": {"Labels": TICKET}}}
    recipe = {"epochs": 1, "batch_size": BATCH, "optimizer": "sgd", "momentum": 0.9}
    recipe |= {"learning_rate": 0.1, "weight_decay": 0.0001, "milestones": []}
    recipe |= {"precision": precision}
    recipe |= {"augmentation": {"crop_padding": 4, "flip": True}}
    return {
        "scale": SCALE,
        "seeds": list(range(chains)),
        "threads": max(1, CORES // chains),
        "pruning": {"fraction": 0.2, "evaluated_rounds": list(range(ROUNDS))},
        "datasets": {"cifar10": {**data, "train_per_class": UPDATES * BATCH // CLASSES}},
        "architectures": {"cifar-vgg11": {"pools": VGG11.pools}},
        "recipes": {"cifar10-labels": recipe},
        "rewinds": {"cifar10": {"epochs": None, "updates": EARLY, "schedule": "continue"}},
        "figures": {
            **dict.fromkeys(figures),
            "chains": {"kind": "accuracy", "title": "Chains", "panels": panels},
        },
    }


def _bare(chains: int, precision: Precision) -> float:
    """Seconds that so many bare loops side by side take for the same updates and tests."""
    context = multiprocessing.get_context("spawn")
    begin, seconds = context.Barrier(chains), context.Queue()
    threads = max(1, CORES // chains)
    processes = [
        context.Process(target=_loop, args=(threads, precision, begin, seconds))
        for _ in range(chains)
    ]
    for process in processes:
        process.start()
    took = max(seconds.get() for _ in processes)
    for process in processes:
        process.join()
    return took


def _loop(
    threads: int, precision: Precision, begin: Barrier, seconds: "multiprocessing.Queue[float]"
) -> None:
    """Put the seconds of a chain without masks, rewinding, augmentation, or files.

    In the memory layout that is the faster one on a CPU.
    """
    torch.set_num_threads(threads)
    inputs, targets = torch.randn(UPDATES * BATCH, 3, 32, 32), torch.arange(UPDATES * BATCH) % 10
    tests = torch.randn(TESTED, 3, 32, 32)
    layout = torch.channels_last
    inputs, tests = (each.contiguous(memory_format=layout) for each in (inputs, tests))
    begin.wait()
    start = time.perf_counter()
    for round in range(ROUNDS):
        if round == 1:  # W_k has had these
            inputs, targets = inputs[EARLY * BATCH :], targets[EARLY * BATCH :]
        model = models.build(VGG11, CLASSES, 0, "init")
        model.to(memory_format=layout)
        stepper = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.0001)
        for batch, labels in zip(inputs.split(BATCH), targets.split(BATCH), strict=True):
            stepper.zero_grad()
            with autocast(precision, batch.device):
                outputs = model(batch)
            cross_entropy(outputs.float(), labels).backward()
            stepper.step()
        model.eval()
        with torch.no_grad(), autocast(precision, tests.device):
            for batch in tests.split(BATCH):
                model(batch)
    seconds.put(time.perf_counter() - start)


def _random(place: Path) -> dict[str, object]:
    """Random images: as CIFAR-10's files for open_lth, as a folder of those it uses for ours."""
    rng = np.random.default_rng(0)
    files = place / "open_lth_datasets/cifar10" / CIFAR10.base_folder
    files.mkdir(parents=True)
    for names, split, total, used in (
        (CIFAR10.train_list, "train", TRAINED, UPDATES * BATCH),
        (CIFAR10.test_list, "test", TESTED, TESTED),
    ):
        count = total // len(names)
        for name, _ in names:
            pixels = rng.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
            labels = (np.arange(count) % CLASSES).tolist()
            entry = {"data": pixels.reshape(count, -1), "labels": labels}
            (files / name).write_bytes(pickle.dumps(entry))
        images = pixels.transpose(0, 2, 3, 1)
        for number in range(used // CLASSES * CLASSES):
            folder = place / "folder" / split / str(number % CLASSES)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[number]).save(folder / f"{number:05}.bmp")
    names = {"label_names": [str(number) for number in range(CLASSES)]}
    (files / CIFAR10.meta["filename"]).write_bytes(pickle.dumps(names))
    return {"format": "folder", "root": str(place / "folder"), "train_images": None}


def _real(root: Path, place: Path) -> dict[str, object]:
    """The same files for both."""
    (place / "open_lth_datasets").mkdir()
    (place / "open_lth_datasets/cifar10").symlink_to(root.resolve())
    return {"root": str(root.resolve())}
