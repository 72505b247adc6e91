"""One chain on all cores, or as many chains as cores: `threads` of the config, without a GPU."""

import multiprocessing
import os
import statistics
import time
from multiprocessing.synchronize import Barrier

import torch

from benchmarks.inputs import CPU, VGG11, dataset, recipe
from benchmarks.measuring import Row
from lottery import models, tasks
from lottery.data.datasets import Images
from lottery.data.sources import Resident
from lottery.models.layout import layout
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Augmentation
from lottery.training.loop import TrainingLoop

IMAGES = 384
TIMES = 3


def run(images: str | None) -> list[Row]:
    """A VGG-11 on images of 32 pixels: trainings with one thread, over one with all."""
    cores = len(os.sched_getaffinity(0))
    ways = {"one, one thread": (1, 1), "one, all cores": (1, cores), "many": (cores, 1)}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TIMES):
        for name, (trainings, threads) in ways.items():
            found[name].append(_images_a_second(trainings, threads))
    speed = {name: statistics.median(each) for name, each in found.items()}
    alone = speed["one, all cores"] / speed["one, one thread"]
    many = speed["many"] / speed["one, all cores"]
    return [
        Row("threads", f"one training on {cores} threads over one", alone, "ratio", "over 1"),
        Row("threads", f"{cores} trainings, a thread each, over one on {cores}", many, "ratio"),
    ]


def _images_a_second(trainings: int, threads: int) -> float:
    """Of all trainings side by side."""
    context = multiprocessing.get_context("spawn")
    begin, seconds = context.Barrier(trainings), context.Queue()
    processes = [
        context.Process(target=_train, args=(threads, begin, seconds)) for _ in range(trainings)
    ]
    for process in processes:
        process.start()
    took = max(seconds.get() for _ in processes)
    for process in processes:
        process.join()
    return trainings * IMAGES / took


def _train(threads: int, begin: Barrier, seconds: "multiprocessing.Queue[float]") -> None:
    torch.set_num_threads(threads)
    pixels = torch.randint(256, (IMAGES, 3, 32, 32), dtype=torch.uint8)
    source = Resident(Images(pixels, torch.arange(IMAGES) % 10), dataset(32), CPU)
    how = recipe(128, Augmentation(crop_padding=2, flip=True))
    model = models.build(VGG11, 10, 0, "init")
    model.to(memory_format=layout(model))
    mask, task = Mask.dense(prunable(model)), tasks.make("labels", how)
    begin.wait()
    start = time.perf_counter()
    TrainingLoop(model, task, source, how, 0, mask, label="threads").run()
    seconds.put(time.perf_counter() - start)
