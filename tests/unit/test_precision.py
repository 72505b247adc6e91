"""Mixed precision and compilation change the speed, and neither masks nor rewinding."""

import pytest
import torch

from lottery import hardware, models, tasks
from lottery.errors import LotteryError
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture
from lottery.training import loop, precision
from lottery.training.distributed import World
from lottery.training.execution import Execution
from tests.conftest import CPU, few, recipe
from tests.rounding import DoubleInput, assert_same_double_steps, steps

WIDE_ENOUGH = Architecture(model="vgg", depth=11, width=8, pools=3)


def test_auto_is_float32_where_there_is_no_gpu():
    assert precision.choose("auto", CPU) == "float32"
    assert precision.choose("bfloat16", CPU) == "bfloat16"
    with pytest.raises(LotteryError, match="tf32 exists on GPUs only"):
        precision.choose("tf32", CPU)


@pytest.mark.parametrize(
    ("flags", "warned"),
    [
        ("fpu sse2 avx512f avx512_bf16 amx_bf16 amx_tile", False),  # Intel, AMD
        ("fp asimd sve i8mm bf16", False),  # Arm
        ("fpu sse2 avx2 avx512f avx512bw", True),
        (None, True),  # no Linux
    ],
)
def test_who_asks_a_processor_for_bfloat16_is_warned(tmp_path, monkeypatch, capsys, flags, warned):
    """Whatever the processor, it is not asked without being told to."""
    said = tmp_path / "cpuinfo"
    if flags:
        said.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 4200.00\n")
    monkeypatch.setattr(hardware, "PROCESSOR", said)
    precision.choose("bfloat16", CPU)
    assert ("not known to have bfloat16" in capsys.readouterr().err) == warned
    assert precision.choose("auto", CPU) == "float32"
    assert capsys.readouterr().err == ""


@pytest.mark.numbers
def test_with_bfloat16_weights_stay_float32_and_pruned_ones_zero(images, digits):
    model = models.build(WIDE_ENOUGH, 10, 0, "init")
    mask = random_mask(Mask.dense(prunable(model)), 0.8, 1, seed=0)
    inside = set()
    model.features[-2].register_forward_hook(lambda _, __, outputs: inside.add(outputs.dtype))
    result = loop.TrainingLoop(
        model,
        tasks.make("labels", recipe()),
        few(images, digits, 400),
        recipe(epochs=4),
        0,
        mask,
        execution=Execution(precision="bfloat16"),
    ).run()
    assert inside == {torch.bfloat16}
    assert {value.dtype for value in prunable(model).values()} == {torch.float32}
    for name, kept in mask.layers().items():
        assert (prunable(model)[name][~kept] == 0).all()
    assert result.epochs[-1]["loss"] < result.epochs[0]["loss"]


def test_compilation_happens_once_and_survives_masks_and_rewinding(images, digits):
    """Needs a C++ compiler, as `compile: true` does."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    some, task = few(images, digits, 300), tasks.make("labels", recipe())
    plain = DoubleInput(models.build(WIDE_ENOUGH, 10, 0, "init"))
    how = recipe(epochs=3, optimizer="sgd", learning_rate=0.001)
    loop.TrainingLoop(plain, task, some, how, 0, Mask.dense(prunable(plain))).run()
    model = DoubleInput(models.build(WIDE_ENOUGH, 10, 0, "init"))
    start = {name: value.clone() for name, value in model.state_dict().items()}
    compiled = Execution(World(), "float32", compiled=True)
    dense = Mask.dense(prunable(model))
    loop.TrainingLoop(model, task, some, how, 0, dense, execution=compiled).run()
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    assert graphs == 1, "the smaller last batch needs none of its own"
    assert_same_double_steps(steps(start, model.state_dict()), steps(start, plain.state_dict()))
    model.load_state_dict(start)
    mask = random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0)
    loop.TrainingLoop(model, task, some, recipe(epochs=1), 0, mask, execution=compiled).run()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == graphs
    for name, kept in mask.layers().items():
        assert (prunable(model)[name][~kept] == 0).all()
