"""Short trainings in a process of their own: python -m tests.narrow_trainings SPEC...

Each network is trained as it is laid out, and in contiguous layout by torch's own convolutions, on
the same images; loss and gradients must agree. What comes is said before each training, so that the
last line of a process that died names it.
"""

import sys

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lottery import models, tasks
from lottery.data.datasets import Images
from lottery.data.sources import Resident
from lottery.models.layout import layout
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation, Dataset, Recipe
from lottery.training.distributed import World
from lottery.training.execution import Execution
from lottery.training.loop import TrainingLoop
from tests.rounding import assert_same_steps

PIXELS, BATCHES = 16, (9, 8)


def main(*networks: str) -> None:
    """Trains each by one thread and by 2, 3 or 4, in turn, on an odd or an even batch."""
    for number, text in enumerate(networks):
        architecture, count = Architecture.model_validate_json(text), BATCHES[number % 2]
        with torch.backends.mkldnn.flags(enabled=False):
            expected = _train(architecture, count, torch.contiguous_format)
        for threads in (1, 2 + number % 3):
            print(f"{threads} threads, {count} images: {architecture.text()}", flush=True)
            torch.set_num_threads(threads)
            found = _train(architecture, count, layout(models.skeleton(architecture)))
            assert_same_steps(found, expected)
    print("all agree")


def _train(
    architecture: Architecture, count: int, arrangement: torch.memory_format
) -> dict[str, Tensor]:
    """Loss and gradients of the first of two updates: rounding grows fast in narrow networks."""
    model = models.build(architecture, 10, 0).to(memory_format=arrangement)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    draw, first = torch.Generator().manual_seed(0), {}
    for _ in range(2):
        images = torch.randn(count, 3, PIXELS, PIXELS, generator=draw)
        optimizer.zero_grad(set_to_none=True)
        torch.manual_seed(0)  # of dropout
        outputs = model(images.contiguous(memory_format=arrangement))
        loss = cross_entropy(outputs, torch.arange(count) % 10)
        loss.backward()
        if not first:
            first = {"the loss": loss.detach()}
            first |= {name: value.grad.clone() for name, value in model.named_parameters()}
        optimizer.step()
    return first


def compiled() -> None:
    """A training of a small network of such a convolution through torch.compile."""
    torch.set_num_threads(1)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.Conv2d(4, 8, 1, stride=2),
        nn.Flatten(),
        nn.Linear(8 * (PIXELS // 2) ** 2, 2),
    )
    grey = (0.5, 0.5, 0.5)
    dataset = Dataset(
        name="noise", format="digits", classes=2, image_size=PIXELS, mean=grey, std=grey
    )
    pixels = torch.randint(0, 256, (18, 3, PIXELS, PIXELS), dtype=torch.uint8)
    some = Resident(Images(pixels, torch.arange(18) % 2), dataset, torch.device("cpu"))
    recipe = Recipe(
        epochs=1,
        batch_size=9,
        optimizer="sgd",
        learning_rate=0.01,
        weight_decay=0.0,
        augmentation=Augmentation(),
    )
    how = Execution(World(), "float32", compiled=True)
    mask = Mask.dense(prunable(model))
    TrainingLoop(model, tasks.make("labels", recipe), some, recipe, 0, mask, execution=how).run()
    print("all agree")


if __name__ == "__main__":
    compiled() if sys.argv[1:] == ["compiled"] else main(*sys.argv[1:])
