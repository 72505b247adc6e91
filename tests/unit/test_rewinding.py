"""Resetting to W_k (Section 3.1), and what a retraining starts from."""

import contextlib

import pytest
import torch
from pydantic import ValidationError

from lottery import artifacts, models
from lottery.errors import LotteryError
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.pruning.weights import unpack
from lottery.specs import EarlySpec, EvaluateSpec, GenerateSpec, MaskSpec, Rewind
from lottery.stages import inputs
from lottery.stages.evaluate import evaluate
from lottery.stages.generate import generate
from lottery.stages.mask import mask
from lottery.training import loop
from lottery.training.optimizers import Optimizer
from tests.conftest import header, recipe, stage_inputs
from tests.unit.test_training import LABELS


@pytest.fixture(scope="module")
def data(tmp_path_factory, digits):
    """What every training of the digits reads."""
    return stage_inputs(tmp_path_factory.mktemp("data"), digits)


@pytest.fixture
def early(tmp_path, chain):
    """W_k of the chain: another draw than the initialisation, batch-norm state included."""
    state = models.build(chain.architecture, 10, 7, "elsewhere").state_dict()
    state["bn1.running_mean"] += 3
    path = tmp_path / "early.pt"
    about = header("early", EarlySpec.of(chain))
    artifacts.save(path, about, {"model": state, "updates": 1, "samples": 8})
    return path, state


def test_a_network_is_reset_bit_for_bit(chain, early):
    path, state = early
    model = inputs.network(chain, 10, "init", torch.device("cpu"))
    inputs.rewind(model, chain, 1, str(path), 10)
    assert all(torch.equal(model.state_dict()[name], state[name]) for name in state)


def test_for_another_task_only_the_head_is_drawn_anew(chain, early):
    path, state = early
    heads = []
    for outputs in (4, 10):
        model = inputs.network(chain, outputs, "init", torch.device("cpu"))
        own = model.fc.weight.detach().clone()
        inputs.rewind(model, chain, 1, str(path), 0)
        for name, value in model.state_dict().items():
            if not name.startswith("fc."):
                assert torch.equal(value, state[name])
        assert torch.equal(model.fc.weight, own)
        heads.append(own)
    assert not torch.equal(heads[1], state["fc.weight"])


def test_the_classes_of_a_semi_supervised_head_are_kept(tmp_path, chain, data):
    """Its first outputs are the classes that the evaluation asks for, the other four rotations."""
    training = chain.training.model_copy(update={"task": "semi-supervised"})
    semi = chain.model_copy(update={"training": training})
    state = models.build(chain.architecture, 14, 7, "elsewhere").state_dict()
    path, report = tmp_path / "early.pt", tmp_path / "evaluation.json"
    for name, task in (("semi", semi), ("rotnet", chain_of(semi, "rotnet"))):
        about = header("early", EarlySpec.of(task))
        artifacts.save(path, about, {"model": state, "updates": 1, "samples": 8})
        begun = {}

        def record(optimizer, begun=begun):
            begun.setdefault("weights", [p.detach().clone() for p in optimizer._parameters])

        with before_each_step(record):
            spec = EvaluateSpec.of(task, 0, training.dataset, recipe(epochs=1))
            evaluate(spec, **data, mask=None, early=str(path), report=str(report))
        weight, bias = begun["weights"][-2:]
        assert torch.equal(weight, state["fc.weight"][:10]) is (name == "semi")
        assert torch.equal(bias, state["fc.bias"][:10]) is (name == "semi")


@contextlib.contextmanager
def before_each_step(record):
    """Call `record` with the optimizer before each update of the block."""
    step = Optimizer.step

    def recorded(self):
        record(self)
        step(self)

    Optimizer.step = recorded
    try:
        yield
    finally:
        Optimizer.step = step


def chain_of(chain, task):
    """The same ticket of another task."""
    training = chain.training.model_copy(update={"task": task})
    return chain.model_copy(update={"training": training})


def test_early_weights_of_another_chain_are_refused(chain, early):
    other = chain.model_copy(update={"seed": 1})
    model = inputs.network(other, 10, "init", torch.device("cpu"))
    with pytest.raises(LotteryError, match=r"dense\.chain\.seed is 0 there, 1 here"):
        inputs.rewind(model, other, 1, str(early[0]), 10)


def test_a_retraining_starts_its_schedule_at_0_with_a_fresh_optimizer(narrow, source):
    seen = []

    def record(optimizer):
        seen.append((optimizer.learning_rate, len(optimizer.state_dict()["state"])))

    with before_each_step(record):
        for _ in range(2):
            model = models.build(narrow, 10, 0, "init")
            how = recipe(warmup_epochs=1, milestones=(1,))
            loop.TrainingLoop(model, LABELS, source, how, 0, Mask.dense(prunable(model))).run()
    first, second = seen[:22], seen[22:]
    assert first == second
    assert first[0] == (pytest.approx(0.001 / 11), 0)
    assert first[-1][0] == pytest.approx(0.0001)


def rates(narrow, source, how, rewind):
    """The learning rate of each update of a retraining, and what its report says of its epochs."""
    seen = []

    with before_each_step(lambda optimizer: seen.append(optimizer.learning_rate)):
        model = models.build(narrow, 10, 0)
        dense = Mask.dense(prunable(model))
        done = loop.TrainingLoop(model, LABELS, source, how, 0, dense, rewind=rewind).run()
    return seen, done


@pytest.mark.parametrize("updates", [0, 5, 11, 12, 21])
def test_a_continued_retraining_goes_on_where_w_k_was_saved(narrow, source, updates):
    """22 updates, 11 an epoch: the rates and the images of those from the rewind point on."""
    how = recipe(warmup_epochs=1, milestones=(1,))
    whole, _ = rates(narrow, source, how, None)
    rewind = Rewind(updates=updates, schedule="continue")
    rest, done = rates(narrow, source, how, rewind)
    assert rest == whole[updates:]
    assert done.inputs == 2 * 1352 - images(updates)
    assert len(done.epochs) == 2 - updates // 11


def images(updates):
    """How many are in the first so many updates."""
    return sum((([128] * 10 + [72]) * 2)[:updates])


def test_continued_from_its_own_w_k_a_dense_network_ends_as_if_never_stopped(narrow, source):
    """SGD without momentum has no state, so W_k and the schedule are all there is."""
    how = recipe(optimizer="sgd", momentum=0.0, learning_rate=0.1, milestones=(1,))
    model = models.build(narrow, 10, 0)
    dense, point = Mask.dense(prunable(model)), Rewind(updates=13)
    done = loop.TrainingLoop(model, LABELS, source, how, 0, dense, rewinds=[point]).run()
    again = models.build(narrow, 10, 0)
    again.load_state_dict(done.early[13])
    rewind = Rewind(updates=13, schedule="continue")
    loop.TrainingLoop(again, LABELS, source, how, 0, dense, rewind=rewind).run()
    assert all(
        torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items()
    )


def test_fine_tuning_keeps_the_last_rate_and_learning_rate_rewinding_the_whole_schedule(
    narrow, source
):
    how = recipe(warmup_epochs=1, milestones=(1,))
    whole, _ = rates(narrow, source, how, None)
    assert rates(narrow, source, how, Rewind(none=True))[0] == whole
    tuned, _ = rates(narrow, source, how, Rewind(none=True, schedule="end"))
    assert tuned == [pytest.approx(0.0001)] * 22


@pytest.mark.numbers
def test_what_is_not_rewound_goes_on_with_the_weights_of_the_round_before(tmp_path, chain, data):
    """Round 1 starts from W* of round 0 under mask 1, and is judged from there too."""
    rewind = Rewind(none=True)
    training = chain.training.model_copy(
        update={
            "rewind": rewind,
            "recipe": recipe(epochs=1, learning_rate=1e-12, weight_decay=0.0),
        }
    )
    kept = chain.model_copy(update={"training": training})
    names = ("early", "weights0", "mask", "weights1", "report", "evaluation")
    at = {name: str(tmp_path / name) for name in names}
    dense = GenerateSpec.of(kept, 0)
    early = EarlySpec.of(kept)
    saving = dense.model_copy(update={"rewinds": {"none": rewind}})
    generate(saving, **data, mask=None, early=at["early"], weights=at["weights0"],
             report=at["report"])  # fmt: skip
    mask(MaskSpec(chain=kept, round=1), at["weights0"], None, at["mask"])
    pruned = GenerateSpec.of(kept, 1)
    generate(pruned, **data, mask=at["mask"], early=at["weights0"], weights=at["weights1"],
             report=at["report"])  # fmt: skip
    before = unpack(artifacts.load(at["weights0"], "weights", dense))
    after = unpack(artifacts.load(at["weights1"], "weights", pruned))
    remain = Mask.unpack(artifacts.load(at["mask"], "mask", MaskSpec(chain=kept, round=1)))
    for name, bits in remain.layers().items():
        # 11 updates of Adam by about the learning rate, and as many roundings of weights that small
        assert torch.allclose(after[name], before[name] * bits, rtol=0, atol=1e-10)
    first = artifacts.load(f"{at['early']}/none.pt", "early", early)["model"]
    initial = models.build(chain.architecture, 10, 0).state_dict()
    assert all(torch.equal(first[name], initial[name]) for name in initial)  # W_0
    spec = EvaluateSpec.of(kept, 1, training.dataset, training.recipe)
    evaluate(spec, **data, mask=at["mask"], early=at["weights0"], report=at["evaluation"])
    saved = f"{at['early']}/none.pt"
    with pytest.raises(LotteryError, match="expected 'weights'"):
        evaluate(spec, **data, mask=at["mask"], early=saved, report=at["evaluation"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "give one of samples, epochs, updates, percent, none; found nothing"),
        ({"epochs": 1.0, "none": True}, "found epochs and none"),
        ({"none": True, "schedule": "continue"}, "needs a point to continue from"),
        ({"epochs": 1.0, "schedule": "end"}, "needs none: true"),
        ({"epochs": 1.0, "schedule": "later"}, "'restart', 'continue' or 'end'"),
    ],
)
def test_a_rewind_entry_that_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        Rewind(**wrong)
