"""Testing a trained network: what is compared with what, and what is told of one that fails."""

import threading

import pytest
import torch
from torch import nn

from lottery import models, tasks
from lottery.data.batches import in_order
from lottery.data.datasets import Images
from lottery.data.sources import Resident
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Augmentation, Dataset, Exemplar
from lottery.training import loop
from lottery.training.distributed import World
from lottery.training.execution import Execution
from lottery.training.measure import measure, stalled, tell
from lottery.training.statistics import Result
from tests.conftest import CPU, few, recipe

PLAIN = Augmentation()
NOISE = Augmentation(brightness=0.1)
EXEMPLAR = tasks.make("exemplar", recipe())


class Pixels(nn.Module):
    """A network whose outputs are the pixels, and a number that all of them have in common."""

    def __init__(self, common=0.0):
        super().__init__()
        self._common = common

    def forward(self, inputs):
        return inputs.flatten(1) + self._common


def source_of(pixels, labels):
    grey = {"mean": (0.5, 0.5, 0.5), "std": (1.0, 1.0, 1.0)}
    dataset = Dataset(name="made", format="digits", classes=10, image_size=pixels.shape[3], **grey)
    return Resident(Images(pixels, labels), dataset, CPU)


def noise(count, seed=0):
    """Images that have nothing in common."""
    stream = torch.Generator().manual_seed(seed)
    return torch.randint(64, 192, (count, 3, 8, 8), generator=stream, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("task", "side", "sizes"),
    [
        ("labels", 8, [1024, 276]),
        ("labels", 32, [256] * 5 + [20]),
        ("labels", 224, [64] * 20 + [20]),
        ("exemplar", 32, [1024, 276]),  # its negatives are the same on any device
    ],
)
def test_a_cpu_tests_as_many_images_as_its_caches_hold(task, side, sizes):
    made = tasks.make(task, recipe())
    seen = []
    network = Pixels()
    network.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0]) // made.views))
    pixels = noise(1300)[:, :, :1, :1].expand(-1, -1, side, side)
    measure(network, made, source_of(pixels, torch.arange(1300) % 10), PLAIN, seed=0)
    assert seen == sizes


@pytest.mark.parametrize("count", [2, 3, 64, 65, 1024, 1025, 2049])
def test_no_image_is_compared_with_itself(count):
    """A perfect embedding has all right, also where an image would be left over."""
    source = source_of(noise(count), torch.zeros(count, dtype=torch.long))
    for negatives in ("next", "nearest"):
        task = tasks.make("exemplar", recipe(exemplar=Exemplar(negatives=negatives)))
        measured = measure(Pixels(), task, source, PLAIN, seed=0)
        assert (measured["accuracy"], measured["examples"]) == (1.0, count)
        assert measured["loss"] < 0.5, "where an image is its own negative it is the margin"


def test_how_test_images_lie_on_disk_does_not_decide():
    """Images of a class look alike, so that half of the comparisons within one are wrong.

    That is 5 % of all, but every one where images are sorted and compared with their neighbours.
    """
    looks, stream = noise(10), torch.Generator().manual_seed(1)
    ordered = torch.arange(10).repeat_interleave(120)
    accuracies = []
    for labels in (ordered, *(ordered[torch.randperm(1200, generator=stream)] for _ in range(3))):
        source = source_of(looks[labels], labels)
        measured = measure(Pixels(), EXEMPLAR, source, NOISE, seed=0)
        accuracies.append(measured["accuracy"])
    assert accuracies == pytest.approx([0.95] * 4, abs=0.02)  # three standard errors


def test_what_is_compared_derives_from_the_seed(digits, images):
    source = Resident(images, digits, CPU)
    how = Augmentation(brightness=0.9, rotation=90)
    first, again, other = (measure(Pixels(), EXEMPLAR, source, how, seed) for seed in (0, 0, 1))
    assert first == again
    assert first["accuracy"] != other["accuracy"]
    assert first["accuracy"] == pytest.approx(other["accuracy"], abs=0.05)


class Meeting(World):
    """Threads for processes: each adds its own values to those of the others."""

    def __init__(self, rank, size, values, barrier):
        super().__init__(rank, size)
        self._values, self._barrier = values, barrier

    def all_reduce_sum(self, values):
        self._values[self.rank] = values.double()
        self._barrier.wait(20)
        total = torch.stack(self._values).sum(0)
        self._barrier.wait(20)
        return total

    def all_reduce_max(self, value):
        return int(self.all_reduce_sum(torch.tensor(value)) > 0)

    def broadcast(self, value):
        self._values[self.rank] = value
        self._barrier.wait(20)
        first = self._values[0]
        self._barrier.wait(20)
        return first


def shared(size, network, task, source):
    """What each of several processes measures that share the images."""
    values, barrier, found = [None] * size, threading.Barrier(size), [None] * size

    def part(rank):
        execution = Execution(Meeting(rank, size, values, barrier))
        found[rank] = measure(network(), task, source, NOISE, 0, execution)

    threads = [threading.Thread(target=part, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize(("classes", "dead"), [((0, 0), True), ((3, 3), True), ((0, 3), False)])
def test_processes_that_each_see_one_class_call_no_network_dead_that_tells_both(classes, dead):
    """Images on disk lie by class, and a micro-batch may hold a single one."""
    labels = torch.tensor(classes).repeat_interleave(1024)
    pixels = torch.zeros(2048, 3, 8, 8, dtype=torch.uint8)
    pixels[torch.arange(2048), 0, 0, labels] = 255
    source = source_of(pixels, labels)
    for measured in shared(2, Pixels, tasks.make("labels", recipe()), source):
        assert (measured["accuracy"], measured["dead"]) == (1.0, dead)


@pytest.mark.numbers
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("name", ["labels", "exemplar"])
def test_any_number_of_processes_measures_the_same(size, name, digits, images):
    """Also one more than there are micro-batches: it has none."""
    source, task = Resident(images, digits, CPU), tasks.make(name, recipe())
    alone = measure(Pixels(), task, source, NOISE, 0)
    for measured in shared(size, Pixels, task, source):
        assert measured.pop("loss") == pytest.approx(alone["loss"], rel=1e-9)
        assert measured == {key: value for key, value in alone.items() if key != "loss"}


def test_tests_that_compare_nothing_read_the_images_in_order():
    """As they lie on disk, where they are fastest read."""
    (whole, _) = in_order(torch.arange(100), 64).each
    assert whole.indices.tolist() == list(range(64))


def test_semi_supervised_accuracy_is_that_of_upright_images(digits, images):
    """A network that answers for upright images alone has all N right."""
    source = Resident(images, digits, CPU)

    class Upright(nn.Module):
        def forward(self, inputs):
            outputs = torch.zeros(len(inputs), 14)
            upright = len(inputs) // 4
            position = self.seen + torch.arange(upright)
            self.seen += upright
            outputs[torch.arange(upright), source.labels[position]] = 9.0
            return outputs

    model = Upright()
    model.seen = 0
    task = tasks.make("semi-supervised", recipe())
    measured = measure(model, task, source, PLAIN, seed=0)
    assert (measured["accuracy"], measured["examples"]) == (1.0, len(images.labels))


def said_of(measured, capsys):
    tell("generation of x", Mask.dense({"w": torch.ones(1)}), measured)
    lines = capsys.readouterr().err.splitlines()
    assert "test accuracy" in lines[0]
    return lines[1:]


def exemplar(how, narrow, digits, images):
    """A training of that task: what it left, and what is measured of it."""
    task = tasks.make("exemplar", how)
    model = models.build(narrow, task.outputs(10), 0, "init")
    source = few(images, digits, 640)
    result = loop.TrainingLoop(model, task, source, how, 0, Mask.dense(prunable(model))).run()
    return task, result, measure(model, task, source, how.augmentation, 0)


@pytest.mark.numbers
def test_a_training_whose_embeddings_collapse_is_warned_of(narrow, digits, images, capsys):
    """The nearest negatives drive all embeddings together, where the loss is the margin."""
    how = recipe(epochs=4, learning_rate=0.03, exemplar=Exemplar(negatives="nearest", margin=0.4))
    task, result, measured = exemplar(how, narrow, digits, images)
    assert result.epochs[-1]["loss"] == pytest.approx(0.4, rel=0.01)
    assert measured["collapsed"] is True
    capsys.readouterr()
    (line,) = said_of({**measured, "stalled": stalled(task, images.labels, result)}, capsys)
    assert line.startswith("warning: generation of x: all embeddings have collapsed to one")


@pytest.mark.numbers
def test_a_training_that_learns_is_not(narrow, digits, images, capsys):
    how = recipe(epochs=4, learning_rate=0.003)
    task, result, measured = exemplar(how, narrow, digits, images)
    assert result.epochs[-1]["loss"] < 0.45
    assert measured["collapsed"] is False
    capsys.readouterr()
    assert not said_of({**measured, "stalled": stalled(task, images.labels, result)}, capsys)


@pytest.mark.parametrize("negatives", ["next", "nearest"])
@pytest.mark.parametrize(("common", "collapsed"), [(0.0, False), (0.3, False), (100.0, True)])
def test_embeddings_have_collapsed_where_the_margin_is_all_that_is_left(
    negatives, common, collapsed
):
    """Of 0.3 in common two images are 0.2 apart: the loss is less than the margin by as much."""
    source = source_of(noise(500), torch.zeros(500, dtype=torch.long))
    task = tasks.make("exemplar", recipe(exemplar=Exemplar(negatives=negatives)))
    measured = measure(Pixels(common), task, source, PLAIN, seed=0)
    assert measured["collapsed"] is collapsed
    assert (measured["loss"] > 0.475) is collapsed
    assert measured["accuracy"] > 0.9, "which does not show it"


def ended(loss):
    return Result(epochs=[{"loss": 9.0}, {"loss": loss}])


BALANCED, SKEWED = torch.arange(10).repeat(9), torch.tensor([0] * 90 + [1] * 10)


@pytest.mark.parametrize(
    ("name", "labels", "indifferent"),
    [
        ("labels", BALANCED, 2.302585),  # ln 10
        ("permuted-labels", BALANCED, 2.302585),
        ("labels", SKEWED, 0.325083),  # -0.9 ln 0.9 - 0.1 ln 0.1
        ("rotnet", BALANCED, 1.386294),  # ln 4
        ("semi-supervised", torch.cat([BALANCED, torch.full((99,), -1)]), 2.302585 + 1.386294),
        ("exemplar", BALANCED, 0.5),  # the margin
    ],
)
def test_a_loss_that_stays_at_that_of_one_answer_is_warned_of(name, labels, indifferent, capsys):
    task = tasks.make(name, recipe())
    measured = {"accuracy": 0.1, "dead": False, "collapsed": False}
    for share, expected in [(1.2, True), (0.995, True), (0.985, False), (0.5, False)]:
        found = stalled(task, labels, ended(share * indifferent))
        assert found is expected
        lines = said_of({**measured, "stalled": found}, capsys)
        assert len(lines) == expected
        assert all("nothing was learned" in line for line in lines)


def test_with_nearest_negatives_the_loss_may_be_above_the_margin_of_a_network_that_learns():
    task = tasks.make("exemplar", recipe(exemplar=Exemplar(negatives="nearest")))
    assert not stalled(task, BALANCED, ended(0.55))


class Answers(nn.Module):
    """A network whose first output is the largest, by more or less, for all images or all but one.

    Its outputs differ from image to image.
    """

    def __init__(self, exceptions):
        super().__init__()
        self._exceptions = exceptions

    def forward(self, inputs):
        outputs = 1e-3 * inputs.flatten(1)[:, :10]
        outputs[:, 0] += 1
        exceptional = (inputs[:, 0, 7, 7] > 0.48).nonzero().flatten()[: self._exceptions]
        outputs[exceptional, 3] += 2
        return outputs


@pytest.mark.parametrize(("exceptions", "dead"), [(0, True), (1, False)])
def test_a_network_with_one_answer_to_all_images_is_dead_however_its_outputs_vary(exceptions, dead):
    """On a test set of 90 to 10 it is right nine times in ten, and no better than chance."""
    pixels = noise(100)
    pixels[0, :, 7, 7] = 255
    measured = measure(Answers(exceptions), tasks.make("labels", recipe()),
                       source_of(pixels, SKEWED), PLAIN, seed=0)  # fmt: skip
    assert measured["dead"] is dead
    assert measured["chance"] == 0.9
    assert measured["accuracy"] == pytest.approx(0.9 - 0.01 * exceptions)


@pytest.mark.parametrize(
    ("name", "labels", "chance"),
    [
        ("labels", BALANCED, 0.1),
        ("labels", SKEWED, 0.9),
        ("rotnet", SKEWED, 0.25),
        ("semi-supervised", torch.cat([SKEWED, torch.full((99,), -1)]), 0.9),
        ("exemplar", SKEWED, 0.5),
    ],
)
def test_chance_is_the_accuracy_of_the_best_constant_answer(name, labels, chance):
    assert tasks.make(name, recipe()).chance(labels) == chance
