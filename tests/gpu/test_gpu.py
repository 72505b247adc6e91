"""Trainings on a GPU: they learn what those on the CPU learn, and repeat and resume to the bit."""

import os
import signal
import subprocess
import sys

import pytest
import torch

from lottery import artifacts, models, tasks
from lottery.catalogue.tasks import TASKS
from lottery.data.batches import UNLABELLED
from lottery.data.sources import Resident
from lottery.errors import LotteryError
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation, GenerateSpec
from lottery.stages.running import Running
from lottery.training import precision
from lottery.training.execution import Execution
from lottery.training.loop import TrainingLoop
from lottery.training.measure import measure
from tests.conftest import (
    CPU,
    LATE,
    REPOSITORY,
    few,
    recipe,
    results,
    stage_call,
    stage_inputs,
    starter,
    streamed,
    wait_for_state,
)
from tests.rounding import DoubleInput, assert_same_double_steps, steps
from tests.unit.test_loaders import CROPS, views

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

GPU = torch.device("cuda", 0)
NETWORKS = [
    Architecture(model="resnet", depth=18, width=4),
    Architecture(model="vgg", depth=11, width=4, pools=3),
    Architecture(model="alexnet", depth=8, width=4, pools=1),
]
JITTER = Augmentation(crop_padding=1, flip=True, rotation=10, brightness=0.4, hue=0.1)
PLAIN = Augmentation()
CODE = {"code": "1"}


def train(
    source, architecture, task="labels", how=None, execution=None, checkpoints=None, double=False
):
    """A training of half of the weights from fixed ones, on the source's device."""
    made = tasks.make(task, recipe(**(how or {})))
    model = models.build(architecture, made.outputs(10), 0, "init").to(source.device)
    if double:
        model = DoubleInput(model)
    mask = random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0)
    settings = recipe(**{"batch_size": 64, **(how or {})})
    result = TrainingLoop(
        model,
        made,
        source,
        settings,
        0,
        mask,
        execution=execution or Execution(),
        checkpoints=checkpoints,
    ).run()
    return model, result


@pytest.fixture(autouse=True)
def _settings():
    """As `device.choose` and `precision.choose` leave them in a stage."""
    torch.backends.cudnn.deterministic = True
    precision.choose("float32", GPU)
    yield
    torch.backends.cudnn.deterministic = False
    precision.choose("float32", GPU)


@pytest.fixture(scope="module")
def on_gpu(images, digits):
    return Resident(images.select(torch.arange(600)), digits, GPU)


@pytest.fixture
def spec(chain):
    """A dense training."""
    return GenerateSpec.of(chain, 0).model_copy(update={"rewinds": LATE})


def walked(source, architecture, execution=None):
    """In float64, the ways that a network's numbers go in an epoch of SGD.

    SGD does not enlarge rounding, and there is no augmentation, whose draws depend on the device.
    """
    how = {"augmentation": PLAIN, "epochs": 1, "optimizer": "sgd", "learning_rate": 0.001}
    model, _ = train(source, architecture, how=how, execution=execution, double=True)
    start = DoubleInput(models.build(architecture, 10, 0, "init")).state_dict()
    return steps(start, {name: value.cpu() for name, value in model.state_dict().items()})


@pytest.mark.parametrize("architecture", NETWORKS[:2], ids=lambda a: a.model)
def test_a_training_is_that_of_the_cpu_but_for_rounding(images, digits, on_gpu, architecture):
    """An AlexNet's dropout, too, depends on the device."""
    theirs = walked(few(images, digits, 600), architecture)
    assert_same_double_steps(walked(on_gpu, architecture), theirs)


@pytest.mark.parametrize("architecture", NETWORKS, ids=lambda a: a.model)
@pytest.mark.parametrize("task", [*TASKS])
@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_every_training_repeats_to_the_bit(images, digits, architecture, task, chosen):
    some = Resident(images.select(torch.arange(400)), digits, GPU)
    if task == "semi-supervised":
        some.labels[200:] = UNLABELLED
    how = {"augmentation": JITTER, "micro_batches": 2}
    execution = Execution(precision=chosen)
    (one, first), (other, second) = (
        train(some, architecture, task, how, execution) for _ in range(2)
    )
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert [e["loss"] for e in first.epochs] == [e["loss"] for e in second.epochs]
    assert first.inputs == second.inputs
    tested = [measure(m, tasks.make(task, recipe()), some, JITTER, 0) for m in (one, other)]
    assert tested[0] == tested[1]


def test_a_killed_training_resumes_to_the_bit(tmp_path, digits, spec):
    start = starter(tmp_path, spec, **stage_inputs(tmp_path, digits))
    process, whole = start("whole", device="cuda")
    _, words = process.communicate()
    assert process.returncode == 0, words
    assert torch.cuda.get_device_name(GPU) in words
    for _ in range(3):
        process, folder = start("killed", device="cuda")
        wait_for_state(process, folder)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process, folder = start("killed", device="cuda")
    _, words = process.communicate()
    assert process.returncode == 0, words
    assert "resumes from" in words
    expected, found = results(whole, spec), results(folder, spec)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    header, _ = artifacts.read(folder / "weights.pt")
    assert header["device"].startswith(torch.cuda.get_device_name(GPU))


@pytest.mark.parametrize("chosen", ["bfloat16", "tf32"])
def test_faster_precisions_learn_as_much(on_gpu, chosen):
    architecture = Architecture(model="resnet", depth=18, width=32)
    how = {"epochs": 5, "augmentation": PLAIN}
    _, exact = train(on_gpu, architecture, how=how)
    assert precision.choose(chosen, GPU) == chosen
    model, found = train(on_gpu, architecture, how=how, execution=Execution(precision=chosen))
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert found.epochs[-1]["accuracy"] == pytest.approx(exact.epochs[-1]["accuracy"], abs=0.03)


def test_auto_is_bfloat16_where_the_gpu_has_it():
    has = torch.cuda.get_device_capability(GPU) >= (8, 0)
    assert precision.choose("auto", GPU) == ("bfloat16" if has else "float32")


def test_a_compiled_training_learns_the_same(on_gpu):
    """Needs a C++ compiler, as `compile: true` does."""
    torch._dynamo.reset()
    compiled = Execution(compiled=True)
    plain, found = (walked(on_gpu, NETWORKS[0], how) for how in (None, compiled))
    assert_same_double_steps(found, plain)
    how = {"augmentation": PLAIN, "optimizer": "sgd", "learning_rate": 0.01}
    one, other = (train(on_gpu, NETWORKS[0], how=how, execution=compiled)[0] for _ in range(2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


@pytest.mark.parametrize("how", [CROPS, PLAIN])
def test_torchvision_gives_a_gpu_the_images_that_it_gives_a_cpu(photographs, how):
    """But for what is drawn on the device itself: the flip."""
    expected, found = (_seen(photographs, "torchvision", how, at) for at in (CPU, GPU))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("how", [CROPS, PLAIN])
def test_dali_decodes_on_the_gpu_what_it_decodes_on_the_cpu(photographs, how):
    """To a level or so of 256: another decoder, another way to scale."""
    pytest.importorskip("nvidia.dali", reason="needs nvidia-dali")
    expected, found = (_seen(photographs, "dali", how, at).float() for at in (CPU, GPU))
    difference = (found - expected).abs().mean(dim=(1, 2, 3, 4))
    assert difference.mean() < 2
    assert difference.max() < 6
    between = (found - expected.roll(1, 0)).abs().mean(dim=(1, 2, 3, 4))
    assert between.mean() > 20, "another image would be seen"


def _seen(photographs, loader, how, device):
    source = streamed(photographs, loader, workers=2, device=device)
    return views(source, how.model_copy(update={"flip": False})).cpu()


@pytest.mark.parametrize("loader", ["dali", "torchvision"])
def test_a_streamed_training_repeats_and_is_not_kept_waiting_for_ever(photographs, loader):
    if loader == "dali":
        pytest.importorskip("nvidia.dali", reason="needs nvidia-dali")
    source = streamed(photographs, loader, workers=2, device=GPU)
    how = {"augmentation": CROPS, "batch_size": 16}
    (one, first), (other, _) = (train(source, NETWORKS[0], "exemplar", how) for _ in range(2))
    assert all(0 <= epoch["waiting"] <= 1 for epoch in first.epochs)
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_too_little_memory_is_one_line_that_says_what_to_do(on_gpu, digits):
    running = Running(device="cuda")
    torch.cuda.set_per_process_memory_fraction(1e-4, GPU)
    try:
        with (
            pytest.raises(LotteryError, match=r"out of memory.*micro_batches"),
            running.place("float32", digits),
        ):
            torch.empty(2**33, dtype=torch.uint8, device=GPU)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, GPU)


def test_each_process_needs_a_gpu_of_its_own(tmp_path, digits, spec):
    start = starter(tmp_path, spec, **stage_inputs(tmp_path, digits))
    count = torch.cuda.device_count()
    process, _ = start("many", device="cuda", processes=count + 1)
    _, words = process.communicate(timeout=300)
    assert process.returncode != 0
    assert f"none of {count} is free" in words
    assert "Traceback" not in words


def test_a_second_training_is_told_that_it_shares_the_gpu(tmp_path, digits, spec):
    """Snakemake counts GPUs and does not say which one a job may use."""
    hold = "import sys; from lottery.training import device; print(device.choose('cuda', 1))"
    code = f"{hold}; sys.stdout.flush(); sys.stdin.read()"
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(torch.cuda.device_count())
    ]
    try:
        held = sorted(holder.stdout.readline().strip() for holder in holders)
        assert held == [f"cuda:{index}" for index in range(len(holders))]
        inputs = stage_inputs(tmp_path, digits)
        outputs = {name: tmp_path / name for name in ("early", "weights", "report")}
        call = stage_call("generate", spec, **inputs, **outputs, device="cuda")
        done = subprocess.run(call, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert "every GPU here is taken by another training" in done.stderr
    finally:
        for holder in holders:
            holder.stdin.close()
            holder.wait()
