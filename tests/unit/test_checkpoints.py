"""A training that is stopped, however rudely, ends in the same bits as one that was not."""

import json
import os
import random
import shutil
import signal
import time

import pytest
import torch

from lottery import models, tasks
from lottery.data.batches import UNLABELLED
from lottery.errors import Stopped
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import (
    Architecture,
    Augmentation,
    GenerateSpec,
    Rewind,
)
from lottery.training import loop
from lottery.training.checkpoints import Checkpoints, Request, stopping_at_once
from lottery.training.execution import Execution
from tests.conftest import (
    LATE,
    few,
    newest_state,
    recipe,
    results,
    stage_inputs,
    starter,
    streamed,
    wait_for_state,
)

CROPS = Augmentation(resized_crop=0.2, flip=True, brightness=0.4, rotation=10)
JITTER = Augmentation(crop_padding=1, brightness=0.4, rotation=10)


class Power(Exception):
    """It went out."""


class Outage(Checkpoints):
    """Saves before every update; the power goes out right after one of them."""

    def __init__(self, folder, spec, at):
        super().__init__(folder, spec, {"code": "1"}, every=0)
        self._at = at

    def save(self, update, state):
        super().save(update, state)
        if update == self._at:
            raise Power


@pytest.mark.parametrize(
    ("architecture", "task", "how"),
    [
        (Architecture(model="resnet", depth=18, width=4), "labels", {}),
        (
            Architecture(model="resnet", depth=18, width=4),
            "exemplar",
            {"optimizer": "sgd", "learning_rate": 0.05, "augmentation": JITTER, "micro_batches": 2},
        ),
        (Architecture(model="alexnet", depth=8, width=4, pools=1), "permuted-labels", {}),
        (Architecture(model="vgg", depth=11, width=4, pools=3), "rotnet", {"warmup_epochs": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_resuming_is_bit_identical(tmp_path, chain, images, digits, architecture, task, how):
    check_resuming(tmp_path, chain, few(images, digits, 300), architecture, task, how)


def test_resuming_is_bit_identical_with_few_labels(tmp_path, chain, images, digits):
    """The stream of unlabelled images ends and begins within an epoch, and within a batch of it."""
    some = few(images, digits, 100)
    some.labels[75:] = UNLABELLED
    vgg = Architecture(model="vgg", depth=11, width=4, pools=3)
    check_resuming(
        tmp_path, chain, some, vgg, "semi-supervised", {"micro_batches": 2, "batch_size": 32}
    )


@pytest.mark.parametrize("loader", ["dali", "torchvision"])
def test_resuming_is_bit_identical_with_streamed_images(tmp_path, chain, photographs, loader):
    """Two loader threads or processes; the loader has no state to save."""
    source = streamed(photographs, loader, workers=2)
    how = {"micro_batches": 2, "batch_size": 20, "augmentation": CROPS}
    narrow = Architecture(model="resnet", depth=18, width=4)
    check_resuming(tmp_path, chain, source, narrow, "exemplar", how)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_resuming_is_bit_identical_in_either_precision(tmp_path, chain, images, digits, precision):
    vgg = Architecture(model="vgg", depth=11, width=4, pools=3)
    source, execution = few(images, digits, 300), Execution(precision=precision)
    check_resuming(tmp_path, chain, source, vgg, "labels", {}, execution)


def check_resuming(tmp_path, chain, source, architecture, task, how, execution=None):
    spec = GenerateSpec.of(chain, 1)
    settings = recipe(**{"batch_size": 64, **how})

    def train(checkpoints):
        model = models.build(architecture, tasks.make(task, recipe()).outputs(10), 0, "init")
        mask = random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0)
        made = tasks.make(task, recipe(**how))
        starts = [Rewind(updates=1), Rewind(epochs=1)]
        result = loop.TrainingLoop(
            model, made, source, settings, 0, mask, starts, checkpoints=checkpoints,
            execution=execution or Execution(),
        ).run()  # fmt: skip
        return model.state_dict(), result

    expected, whole = train(None)
    last = settings.epochs * whole.points[1].updates
    for at in (0, 1, 4, 5, 7, last):  # after the last update there is a state too
        with pytest.raises(Power):
            train(Outage(tmp_path / "states", spec, at))
    found, resumed = train(Checkpoints(tmp_path / "states", spec, {"code": "1"}, every=1e9))
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert resumed.inputs == whole.inputs
    assert resumed.points == whole.points
    for update, _ in whole.points:
        for name, value in whole.early[update].items():
            assert torch.equal(resumed.early[update][name], value)
    for one, other in zip(whole.epochs, resumed.epochs, strict=True):
        assert (one["loss"], one["accuracy"]) == (other["loss"], other["accuracy"])


@pytest.fixture
def states(tmp_path, chain):
    """Two states of a training."""
    spec = GenerateSpec.of(chain, 1)
    made = Checkpoints(tmp_path / "states", spec, {"mask": "m", "code": "c"}, every=0)
    for update in (10, 20, 30):
        made.save(update, {"update": update})
    return tmp_path / "states", spec


def read(folder, spec, **identity):
    return Checkpoints(folder, spec, {"mask": "m", "code": "c", **identity}, every=0).newest()


def test_the_newest_two_are_kept(states):
    folder, spec = states
    assert sorted(path.name for path in folder.iterdir()) == [
        "update000000020.pt",
        "update000000030.pt",
    ]
    assert read(folder, spec) == {"update": 30}


def test_a_corrupt_newest_falls_back_to_the_one_before(states):
    folder, spec = states
    newest = folder / "update000000030.pt"
    newest.write_bytes(newest.read_bytes()[:-200])
    assert read(folder, spec) == {"update": 20}
    (folder / "update000000020.pt").write_bytes(b"")
    assert read(folder, spec) is None


def test_a_state_of_another_training_is_passed_over(states, chain):
    folder, spec = states
    for other in ({"mask": "other"}, {"code": "other"}):
        shutil.copytree(folder, folder.parent / "copy", dirs_exist_ok=True)
        assert read(folder.parent / "copy", spec, **other) is None
    assert read(folder, GenerateSpec.of(chain, 2)) is None


def test_states_of_another_training_never_push_out_its_own(states, chain):
    folder, _ = states
    spec = GenerateSpec.of(chain, 2)
    own = Checkpoints(folder, spec, {}, every=0)
    assert own.newest() is None
    own.save(1, {"update": 1})
    assert own.newest() == {"update": 1}
    assert own.last().name == "update000000001.pt"


def test_a_finished_training_leaves_no_state(states):
    folder, spec = states
    Checkpoints(folder, spec, {}, every=0).clear()
    assert not folder.exists()


def test_on_sigterm_after_its_last_update_a_training_stops_at_once(tmp_path, chain):
    states = Checkpoints(tmp_path, GenerateSpec.of(chain, 1), {}, every=1)
    with pytest.raises(Stopped), stopping_at_once(states):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert states.request == Request.STOP  # when its results are to be written
    with pytest.raises(Stopped), stopping_at_once(states):
        pytest.fail("it begins its test")


def test_a_training_stops_by_itself_when_its_time_is_over(tmp_path, chain):
    spec = GenerateSpec.of(chain, 1)
    for seconds, request in ((60, Request.NOTHING), (-1, Request.END)):
        end = time.monotonic() + seconds
        assert Checkpoints(tmp_path, spec, {}, every=1, end=end).request == request


@pytest.fixture(scope="module")
def stage(tmp_path_factory, chain):
    """Starts the stage `generate` of a chain on digits, with a state before every update."""
    root = tmp_path_factory.mktemp("stage")
    training = chain.training.model_copy(update={"recipe": recipe(epochs=4, batch_size=64)})
    spec = GenerateSpec.of(chain.model_copy(update={"training": training}), 0)
    spec = spec.model_copy(update={"rewinds": LATE})
    return starter(root, spec, **stage_inputs(root, training.dataset)), spec


@pytest.fixture(scope="module")
def undisturbed(stage):
    start, spec = stage
    process, folder = start("undisturbed")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert not (folder / "generation-unfinished").exists()
    return results(folder, spec)


def test_a_stage_that_is_killed_again_and_again_ends_in_the_same_bits(stage, undisturbed):
    start, spec = stage
    dice = random.Random(0)
    reached = [0]
    for _ in range(5):
        process, folder = start("killed")
        wait_for_state(process, folder)
        time.sleep(dice.uniform(0, 0.15))
        process.kill()
        process.communicate(timeout=60)
        if process.returncode == 0:
            break  # a fast machine
        reached.append(newest_state(folder))
    assert len(reached) > 3
    assert reached == sorted(set(reached)), "each run learned something, and the next went on"
    process, _ = start("killed")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert f"resumes from {folder}/generation-unfinished/update{reached[-1]:09d}.pt" in said
    found = results(folder, spec)
    assert all(torch.equal(found[name], undisturbed[name]) for name in undisturbed)


def test_on_sigterm_it_saves_and_says_that_it_can_go_on(stage, undisturbed):
    start, spec = stage
    process, folder = start("terminated")
    wait_for_state(process, folder)
    asked = time.monotonic()
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == os.EX_TEMPFAIL, said
    assert "lottery generate: unfinished: stopped after" in said
    assert not (folder / "weights.pt").exists()
    process, folder = start("terminated")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    found = results(folder, spec)
    assert all(torch.equal(found[name], undisturbed[name]) for name in undisturbed)


def test_another_number_of_threads_begins_anew_and_says_so(stage, undisturbed):
    """Sums over threads round otherwise: a training that changes them would end at other bits."""
    start, spec = stage
    process, folder = start("threads", threads=2)
    wait_for_state(process, folder)
    process.kill()
    process.communicate(timeout=60)
    process, _ = start("threads", threads=1)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "it has other inputs, code, precision or threads" in said
    found = results(folder, spec)
    assert all(torch.equal(found[name], undisturbed[name]) for name in undisturbed)
    report = json.loads((folder / "generation.json").read_text())
    weights = torch.load(folder / "weights.pt", weights_only=True)
    assert report["threads"] == weights["header"]["threads"] == 1
