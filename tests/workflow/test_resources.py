"""What a job asks for, by its recipe and by what one like it took."""

import re

import pytest

from lottery.hardware import has_gpu
from tests.workflow.project import FIGURE, TINY


def minutes(project, rule):
    """The time that each job of a rule asks for."""
    done = project.snakemake(FIGURE, "-n", "--configfile", TINY)
    assert done.returncode == 0, done.stdout
    blocks = re.findall(rf"^rule {rule}:\n(.*?)\n\n", done.stdout, re.MULTILINE | re.DOTALL)
    return {int(re.search(r"runtime=(\d+)", block)[1]) for block in blocks}


TRAININGS = ("generate_dense", "generate", "evaluate_dense", "evaluate")


def test_before_its_first_training_a_recipe_is_guessed(untouched):
    assert [minutes(untouched, rule) for rule in TRAININGS] == [{240}] * 4


def test_a_training_asks_for_the_time_that_one_of_another_seed_took(edited):
    edited.overlay({"seeds": [1]})
    assert [minutes(edited, rule) for rule in TRAININGS] == [{10}] * 4
    edited.overlay({"max_minutes": 5})
    assert [minutes(edited, rule) for rule in TRAININGS] == [{5}] * 4


CHAIN = "results/tiny/tickets/cifar10-labels-resnet18/seed0/round02/weights.pt"
ALONE = 1 if has_gpu() else 2
"""Threads of a training that has two cores to itself; a GPU leaves little to a processor."""


@pytest.mark.parametrize(
    ("key", "target", "each"),
    [
        ("auto", CHAIN, ALONE),
        ("auto", FIGURE, 1),  # two chains and what evaluates them
        ("3", CHAIN, 2),  # of two cores
        ("1", CHAIN, 1),
    ],
)
def test_a_lonely_chain_has_all_cores_and_many_have_one_each(untouched, key, target, each):
    command = ["-n", "--cores", "2", target, "--configfile", TINY, "--config", f"threads={key}"]
    done = untouched.snakemake(*command)
    assert done.returncode == 0, done.stdout
    blocks = re.findall(r"^rule generate:\n(.*?)\n\n", done.stdout, re.MULTILINE | re.DOTALL)
    assert blocks
    found = {re.search(r"threads: (\d+)", block) for block in blocks}
    assert {int(match[1]) if match else 1 for match in found} == {each}


def test_without_a_gpu_cores_alone_bound_how_many_train(untouched):
    """A profile says `gpu: 1` also where there is none."""
    done = untouched.snakemake(FIGURE, "-n", "--configfile", TINY, "--resources", "gpu=1")
    assert {int(n) for n in re.findall(r"resources: .*gpu=(\d+)", done.stdout)} == {int(has_gpu())}
