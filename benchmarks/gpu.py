"""On a GPU: images per second and model FLOP utilisation of the paper's networks.

Each is a masked update of one batch that lies in the GPU's memory, and then a whole training of
images in that memory, with augmentation, progress and statistics.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.inputs import RESNET50, dataset, recipe
from benchmarks.measuring import Row
from lottery import models, tasks
from lottery.campaign.pace import GPUS, is_a
from lottery.data.datasets import Images
from lottery.data.sources import Resident
from lottery.models.layout import layout
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation, Precision
from lottery.training import device as devices
from lottery.training import precision
from lottery.training.execution import Execution
from lottery.training.loop import TrainingLoop
from lottery.training.masking import Masking
from lottery.training.optimizers import Optimizer

NETWORKS = {
    "ResNet-18 on CIFAR-10": (Architecture(model="resnet", depth=18), 512, 32, 10),
    "VGG-19 on CIFAR-10": (Architecture(model="vgg", depth=19), 512, 32, 10),
    "ResNet-50 on ImageNet": (RESNET50, 96, 224, 1000),
    "AlexNet on ImageNet": (
        Architecture(model="alexnet", depth=8, stem="imagenet"),
        512,
        224,
        1000,
    ),
}
"""Images of one GPU's part of a batch, as in Appendix A; their size; classes."""
TARGETS = {
    "ResNet-18 on CIFAR-10": "0.25 on an A100 (airbench)",
    "ResNet-50 on ImageNet": "0.178 on an H100 (MLPerf)",
}
UPDATES = 30


def run(images: str | None) -> list[Row]:
    """Whole masked updates of a resident batch, in bfloat16, with and without torch.compile."""
    if not torch.cuda.is_available():
        print("gpu: not run, it needs a GPU and torch sees none here")
        return []
    device = devices.choose("cuda", 1)
    name = torch.cuda.get_device_name(device)
    peaks = (gpu.bfloat16 for key, gpu in GPUS.items() if is_a(name, key))
    peak = next(peaks, None)
    chosen = precision.choose("auto", device)
    rows = []
    for figure, (architecture, count, size, classes) in NETWORKS.items():
        model = models.build(architecture, classes, 0, "init").to(device)
        model.to(memory_format=layout(model))
        batch = torch.randn(count, 3, size, size, device=device).contiguous(
            memory_format=torch.channels_last
        )
        targets = torch.arange(count, device=device) % classes
        with FlopCounterMode(display=False) as counter:
            cross_entropy(model(batch), targets).backward()
        for how in ("as it is", "compiled"):
            compiled = how == "compiled"
            forward = torch.compile(model, dynamic=False) if compiled else model
            seconds = _update(model, forward, batch, targets, chosen)
            about = f"{figure}, {how}, {chosen}, {name}"
            rows.append(Row("gpu", about, count / seconds, "images/s"))
            if peak:
                used = counter.get_total_flops() / seconds / (peak * 1e12)
                rows.append(Row("gpu", about, used, "of peak FLOP/s", TARGETS.get(figure, "")))
            execution = Execution(precision=chosen, compiled=compiled)
            spent = _training(architecture, count, size, classes, device, execution)
            rows.append(Row("gpu", f"{about}, a training", seconds / spent, "of those", "0.95"))
    return rows


def _training(
    architecture: Architecture,
    count: int,
    size: int,
    classes: int,
    device: torch.device,
    execution: Execution,
) -> float:
    """Seconds of an update in an epoch of a training, after one to warm up."""
    number = count * UPDATES
    pixels = torch.randint(256, (number, 3, size, size), dtype=torch.uint8, device=device)
    images = Images(pixels, torch.arange(number, device=device) % classes)
    source = Resident(images, dataset(size, classes=classes), device)
    how = recipe(count, Augmentation(crop_padding=4, flip=True)).model_copy(update={"epochs": 3})
    model = models.build(architecture, classes, 0, "init").to(device)
    model.to(memory_format=layout(model))
    mask = random_mask(Mask.dense(prunable(model)), 0.2, 10, seed=0)
    task = tasks.make("labels", how)
    result = TrainingLoop(model, task, source, how, 0, mask, execution=execution).run()
    return min(epoch["seconds"] for epoch in result.epochs[1:]) / UPDATES


def _update(
    model: nn.Module,
    forward: Callable[[torch.Tensor], torch.Tensor],
    batch: torch.Tensor,
    targets: torch.Tensor,
    chosen: Precision,
) -> float:
    """Median seconds of an update, after a warm-up."""
    masking = Masking(model, random_mask(Mask.dense(prunable(model)), 0.2, 10, seed=0))
    stepper = Optimizer(model, recipe(len(batch), Augmentation()))
    seconds = []
    for number in range(2 * UPDATES):
        torch.cuda.synchronize()
        start = time.perf_counter()
        stepper.zero_grad()
        with precision.autocast(chosen, batch.device):
            outputs = forward(batch)
        cross_entropy(outputs.float(), targets).backward()
        masking.clear_gradients()
        stepper.step()
        torch.cuda.synchronize()
        if number >= UPDATES:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
