"""Resetting to W_k (Section 3.1), and what a retraining starts from."""

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from lottery import artifacts, models, records
from lottery.errors import LotteryError
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import GenerateSpec
from lottery.stages import inputs
from lottery.training import loop
from tests.conftest import recipe
from tests.unit.test_training import LABELS


@pytest.fixture
def early(tmp_path, chain):
    """W_k of the chain: another draw than the initialisation, batch-norm state included."""
    state = models.build(chain.architecture, 10, 7, "elsewhere").state_dict()
    state["bn1.running_mean"] += 3
    path = tmp_path / "early.pt"
    about = records.header("early", GenerateSpec.of(chain, 0), {}, records.Stopwatch())
    artifacts.save(path, about, {"models": [state], "updates": [1]})
    return path, state


def test_a_network_is_reset_bit_for_bit(chain, early):
    path, state = early
    model = inputs.network(chain, 10, "init", torch.device("cpu"))
    inputs.rewind(model, chain, str(path), keep_head=True)
    assert all(torch.equal(model.state_dict()[name], state[name]) for name in state)


def test_for_another_task_only_the_head_is_drawn_anew(chain, early):
    path, state = early
    heads = []
    for outputs in (4, 10):
        model = inputs.network(chain, outputs, "head", torch.device("cpu"))
        own = model.fc.weight.detach().clone()
        inputs.rewind(model, chain, str(path), keep_head=False)
        for name, value in model.state_dict().items():
            if not name.startswith("fc."):
                assert torch.equal(value, state[name])
        assert torch.equal(model.fc.weight, own)
        heads.append(own)
    assert not torch.equal(heads[1], state["fc.weight"])


def test_early_weights_of_another_chain_are_refused(chain, early):
    other = chain.model_copy(update={"seed": 1})
    model = inputs.network(other, 10, "init", torch.device("cpu"))
    with pytest.raises(LotteryError, match=r"chain\.seed is 0 there, 1 here"):
        inputs.rewind(model, other, str(early[0]), keep_head=True)


def test_a_retraining_starts_its_schedule_at_0_with_a_fresh_optimizer(narrow, source):
    seen = []

    def record(optimizer, args, kwargs):
        seen.append((optimizer.param_groups[0]["lr"], len(optimizer.state)))

    hook = register_optimizer_step_pre_hook(record)
    try:
        for _ in range(2):
            model = models.build(narrow, 10, 0, "init")
            how = recipe(warmup_epochs=1, milestones=(1,))
            loop.TrainingLoop(model, LABELS, source, how, 0, Mask.dense(prunable(model))).run()
    finally:
        hook.remove()
    first, second = seen[:22], seen[22:]
    assert first == second
    assert first[0] == (pytest.approx(0.001 / 11), 0)
    assert first[-1][0] == pytest.approx(0.0001)
