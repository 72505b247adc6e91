"""One training in several real processes: the same result, and never a hang."""

import json
import os
import shutil
import signal
import time

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lottery import artifacts, models
from lottery.data.batches import UNLABELLED, Batches
from lottery.pruning.mask import Mask
from lottery.pruning.weights import unpack
from lottery.specs import (
    Architecture,
    Augmentation,
    Chain,
    EarlySpec,
    GenerateSpec,
    MaskSpec,
    Rewind,
    Subset,
    Training,
)
from lottery.stages.mask import mask as mask_stage
from tests.conftest import (
    LATE,
    folder_of,
    recipe,
    results,
    stage_inputs,
    starter,
    wait_for_state,
)
from tests.rounding import assert_same_steps, rounding, steps


@given(
    st.integers(2, 90),
    st.integers(2, 30),
    st.integers(1, 8),
    st.integers(1, 4),
    st.booleans(),
)
def test_processes_divide_a_batch_exactly(count, batch_size, parts, world, hidden):
    """None is lost or repeated, and weights are shares of the whole batch."""
    labels = torch.arange(count)
    if hidden:
        labels[2:] %= 2
        labels[2:] -= 1  # UNLABELLED, or 0
    batches = Batches(labels, batch_size, 0, parts, hidden)
    ranks = [by_update(batches, rank, world) for rank in range(world)]
    alone = by_update(batches)
    assert {len(alone), *map(len, ranks)} == {len(batches)}
    for update, whole in enumerate(alone):
        shared = [p for rank in ranks for p in rank[update] if p.weight]
        together = torch.cat([p.indices for p in shared])
        assert sorted(together.tolist()) == sorted(torch.cat([p.indices for p in whole]).tolist())
        assert sorted(p.number for p in shared) == [p.number for p in whole]
        assert sum(p.weight for p in shared) == pytest.approx(1)
        assert all(len(rank[update]) >= 1 for rank in ranks), "each takes part in every update"
        assert max(len(p.indices) for p in shared) <= batches.largest
        assert min(len(p.indices) for p in shared) >= 2
        known = [(p.labels != UNLABELLED).sum().item() for p in shared]
        assert not hidden or [2 * n for n in known] == [len(p.indices) for p in shared]


def by_update(batches, rank=0, world=1):
    """The micro-batches of a process, those of each update of an epoch in a list."""
    updates = []
    for micro_batch in batches.micro_batches(0, len(batches), rank, world).each:
        if micro_batch.first:
            updates.append([])
        updates[-1].append(micro_batch)
    assert [[p.last for p in own] for own in updates] == [
        [False] * (len(own) - 1) + [True] for own in updates
    ]
    return updates


@pytest.fixture(scope="module")
def stage(tmp_path_factory, photographs):
    """Starts a training on streamed photographs: batches of 85 in five parts, and of 3 in one."""
    root = tmp_path_factory.mktemp("distributed")
    dataset = folder_of()
    how = recipe(
        batch_size=85,
        micro_batches=5,
        epochs=2,
        optimizer="sgd",  # Adam divides by the size of gradients, and so enlarges rounding errors
        learning_rate=0.001,
        augmentation=Augmentation(resized_crop=0.2, flip=True),
    )
    training = Training(dataset=dataset, subset=Subset(), task="labels", recipe=how)
    architecture = Architecture(model="resnet", depth=18, width=8)
    chain = Chain(
        ticket="labels",
        seed=0,
        dense="photographs/all/narrow/labels/short",
        architecture=architecture,
        fraction=None,
        training=training,
    )
    spec = GenerateSpec.of(chain, 0).model_copy(update={"rewinds": LATE})
    inputs = stage_inputs(root, dataset, photographs)
    return starter(root, spec, data=photographs, **inputs), spec


def ended(process, status=0):
    """What it said, once it has ended."""
    _, said = process.communicate(timeout=120)
    assert process.returncode == status, said
    return said


@pytest.fixture(scope="module")
def together(stage):
    """The training in two processes."""
    start, _ = stage
    process, folder = start("together", 2)
    return ended(process), folder


@pytest.mark.numbers
def test_two_processes_learn_what_one_does(stage, together):
    start, spec = stage
    process, alone = start("alone", 1)
    ended(process)
    said, folder = together
    assert "a batch of 85 images is 2 processes x up to 3 micro-batches x 17 images" in said
    assert "on 2 x cpu, float32" in said
    ours, theirs = (json.loads((f / "generation.json").read_text()) for f in (folder, alone))
    model = models.build(spec.chain.architecture, 2, 0)
    share = rounding(model, torch.float32)
    for one, two in zip(ours["result"]["epochs"], theirs["result"]["epochs"], strict=True):
        assert one["loss"] == pytest.approx(two["loss"], rel=share)
        assert one["accuracy"] == pytest.approx(two["accuracy"], abs=1.5 / 88), "an image or none"
    assert ours["result"]["inputs"] == theirs["result"]["inputs"] == 2 * 88
    assert ours["result"]["test"]["examples"] == 22
    assert {"dead", "collapsed", "stalled"} <= ours["result"]["test"].keys()
    assert ours["result"]["test"]["loss"] == pytest.approx(
        theirs["result"]["test"]["loss"], rel=share
    )
    start = model.state_dict()
    start |= {f"early {name}": value for name, value in start.items()}
    found, expected = results(folder, spec), results(alone, spec)
    assert_same_steps(steps(start, found), steps(start, expected))  # W_k's too


@pytest.mark.parametrize(("processes", "loader"), [(2, "dali"), (1, "torchvision")])
def test_killed_processes_go_on_to_the_same_bits(stage, together, processes, loader):
    """Two that share a training, or one and its loader's."""
    start, spec = stage
    undisturbed = together[1]
    if loader == "torchvision":
        process, undisturbed = start("undisturbed", processes, loader=loader)
        ended(process)
    process, folder = start(f"killed-{loader}", processes, loader=loader)
    wait_for_state(process, folder)
    for number in [*descendants(process.pid), process.pid]:
        os.kill(number, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (folder / "weights.pt").exists()
    process, folder = start(f"killed-{loader}", processes, loader=loader)
    assert "resumes from" in ended(process)
    found, expected = results(folder, spec), results(undisturbed, spec)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_two_processes_train_a_ticket_as_one_does(stage, together, tmp_path):
    """W_k under a mask: what is pruned stays exactly zero in both."""
    start, spec = stage
    training = spec.chain.training.model_copy(update={"rewind": Rewind(epochs=1)})
    chain = spec.chain.model_copy(update={"fraction": 0.5, "training": training})
    mask = tmp_path / "mask.pt"
    mask_stage(MaskSpec(chain=chain, round=1), str(together[1] / "weights.pt"), None, str(mask))
    pruned = GenerateSpec.of(chain, 1)
    found = []
    for processes in (1, 2):
        early = together[1] / "early/late.pt"
        how = {"spec": pruned, "mask": mask, "early": early}
        process, folder = start(f"ticket-{processes}", processes, **how)
        assert "peak memory" in ended(process)
        found.append(unpack(artifacts.load(folder / "weights.pt", "weights", pruned)))
    kept = Mask.unpack(artifacts.load(mask, "mask", MaskSpec(chain=chain, round=1)))
    assert kept.density == pytest.approx(0.5, abs=1e-3)
    start = artifacts.load(early, "early", EarlySpec.of(chain))["model"]
    start = {name: value * kept.layers().get(name, 1) for name, value in start.items()}
    alone, shared = (steps(start, weights) for weights in found)
    assert_same_steps(shared, alone)
    for name, layer in kept.layers().items():
        assert not found[1][name][~layer].any()


def test_on_sigterm_all_processes_stop_with_one_state(stage, together):
    start, spec = stage
    process, folder = start("terminated", 2)
    wait_for_state(process, folder)
    process.terminate()
    assert "stopped after" in ended(process, os.EX_TEMPFAIL)
    process, folder = start("terminated", 2)
    ended(process)
    found, expected = results(folder, spec), results(together[1], spec)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def descendants(launcher):
    """Process numbers of all that a process started, children before parents."""
    return [child.pid for child in reversed(psutil.Process(launcher).children(recursive=True))]


def workers(launcher):
    """Process numbers of a training's processes, by rank."""
    children = psutil.Process(launcher).children()
    found = {c.environ()["RANK"]: c.pid for c in children if "RANK" in c.environ()}
    return [found[rank] for rank in sorted(found)]


@pytest.mark.parametrize("loader", ["dali", "torchvision"])
def test_a_loader_starts_no_process_that_could_outlive_its_training(stage, loader):
    start, _ = stage
    process, folder = start(f"alone-{loader}", 1, loader=loader)
    wait_for_state(process, folder)
    assert descendants(process.pid) == []
    os.kill(process.pid, signal.SIGTERM)
    assert "unfinished: stopped after" in ended(process, os.EX_TEMPFAIL)


def test_a_dead_process_ends_the_training_at_once(stage):
    start, _ = stage
    process, folder = start("dead", 2)
    wait_for_state(process, folder)
    _, second = workers(process.pid)
    os.kill(second, signal.SIGKILL)
    killed = time.monotonic()
    said = ended(process, os.EX_TEMPFAIL)
    assert time.monotonic() - killed < 30
    assert said.splitlines()[-1] == "lottery generate: unfinished: process 1 was killed by SIGKILL"
    assert "Traceback" not in said
    assert not (folder / "weights.pt").exists()


def test_the_error_of_any_process_is_the_last_line(stage, photographs, tmp_path):
    start, _ = stage
    shutil.copytree(photographs, tmp_path / "copy")
    for victim in (tmp_path / "copy/train/flower").iterdir():
        victim.write_bytes(victim.read_bytes()[:-200])
    process, _ = start("damaged", 2, data=tmp_path / "copy")
    said = ended(process, 1)
    last = said.splitlines()[-1]
    assert last.startswith("lottery generate: error: process ")
    assert "not a readable image" in last
    assert "Traceback" not in said


def test_a_training_that_is_out_of_time_says_that_it_is_to_go_on(stage):
    """Each run brings it forward, by one update at least."""
    start, _ = stage
    process, folder = start("slow", 2, max_minutes=0.0)
    said = ended(process, os.EX_TEMPFAIL).splitlines()[-1]
    assert said == "lottery generate: unfinished: stopped after 1 of 4 updates"
    assert (folder / "generation-unfinished/update000000001.pt").exists()


def test_on_several_nodes_the_processes_meet_where_slurm_says(stage, together, tmp_path):
    """Two launchers of one process each; only what a node list means is not asked of SLURM."""
    start, spec = stage
    scontrol = tmp_path / "scontrol"
    scontrol.write_text("#!/bin/sh\necho localhost\necho localhost\n")
    scontrol.chmod(0o755)
    step = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_STEP_NUM_NODES": "2",
        "SLURM_STEP_NODELIST": "gpu[1-2]",
    }
    nodes = [start("nodes", 1, step={**step, "SLURM_NODEID": node}) for node in "01"]
    for process, _ in nodes:
        ended(process)
    found, expected = results(nodes[0][1], spec), results(together[1], spec)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
