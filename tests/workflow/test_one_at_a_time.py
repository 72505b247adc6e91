"""Nothing is trained twice: not after snakemake was killed, not where two share their results."""

import contextlib
import os
import re
import select
import signal

import pytest

from tests.workflow.project import DENSE, HOW, TINY, Project
from tests.workflow.test_bad_days import DENSE_ROTNET, wait_for

TARGET = f"{DENSE}/{DENSE_ROTNET}/generation.json"
BEGUN = re.compile(r"epoch 1/\d+ ")


@pytest.fixture
def orphaned(untouched: Project):
    """A project whose snakemake was killed and whose training runs on."""
    untouched.overlay({"recipes": {"cifar10-rotnet": {"epochs": 25}}})
    process = untouched.start(TARGET, *HOW)
    said = b""
    os.set_blocking(process.stdout.fileno(), False)

    def has_begun():
        nonlocal said
        said += os.read(process.stdout.fileno(), 2**16) if readable(process) else b""
        return BEGUN.search(said.decode())

    wait_for(process, has_begun)
    process.kill()
    process.wait()
    assert untouched.snakemake("--unlock", "--configfile", TINY).returncode == 0
    yield untouched
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def readable(process):
    return bool(select.select([process.stdout], [], [], 0)[0])


def test_a_training_that_outlived_its_snakemake_is_waited_for(orphaned):
    lock = (orphaned.root / TARGET).with_suffix(".lock")
    assert lock.exists()
    output = orphaned.run(TARGET)
    assert re.search(r"waits: \S+generation\.lock: at work is process \d+ on", output)
    assert "made meanwhile by another process" in output
    assert not BEGUN.search(output)
    assert not lock.exists()
    assert orphaned.plan(TARGET) == {}


def test_two_that_share_their_results_train_nothing_twice(finished, tmp_path):
    target = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0/round02/evaluation-cifar10.json"
    one, other = (Project.copy(tmp_path / name / "lottery") for name in ("one", "other"))
    (other.root / "results/.gitkeep").unlink()
    (other.root / "results").rmdir()
    (other.root / "results").symlink_to(one.root / "results")
    started = [project.start(target, *HOW) for project in (one, other)]
    said = [process.communicate(timeout=500)[0] for process in started]
    for process, output in zip(started, said, strict=True):
        assert process.returncode == 0, output
    assert sum(len(BEGUN.findall(output)) for output in said) == 3  # dense, round 1, evaluation
    assert "made meanwhile by another process" in "".join(said)
    assert other.result(target) == finished.result(target)
