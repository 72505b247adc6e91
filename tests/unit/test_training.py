"""The core of a ticket: masked training, rewinding, determinism."""

import copy
import math
import time

import pytest
import torch
from torch import nn

from lottery import artifacts, models, tasks
from lottery.data.augment import normalise
from lottery.data.batches import UNLABELLED, Batches
from lottery.data.sources import Resident
from lottery.errors import LotteryError
from lottery.models.layout import layout
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture, Augmentation, GenerateSpec, Rewind
from lottery.training import loop
from lottery.training.checkpoints import Checkpoints
from lottery.training.masking import Masking
from lottery.training.measure import measure, tell
from lottery.training.optimizers import Optimizer
from tests.conftest import CPU, few, recipe
from tests.rounding import DoubleInput, assert_same_double_steps, steps

LABELS = tasks.make("labels", recipe())


def fresh(narrow, seed=0):
    return models.build(narrow, 10, seed, "init")


def train(model, source, mask=None, seed=0, rewinds=(), **changes):
    return loop.TrainingLoop(
        model,
        LABELS,
        source,
        recipe(**changes),
        seed,
        mask or Mask.dense(prunable(model)),
        rewinds,
    ).run()


@pytest.mark.parametrize(
    "how",
    [
        {"optimizer": "adam", "weight_decay": 0.01},
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01, "learning_rate": 0.05},
    ],
)
def test_pruned_weights_are_exactly_zero_after_training(narrow, source, how):
    model = fresh(narrow)
    mask = random_mask(Mask.dense(prunable(model)), 0.8, 1, seed=0)
    start = {name: w.detach().clone() for name, w in prunable(model).items()}
    train(model, source, mask, **how)
    for name, kept in mask.layers().items():
        weight = prunable(model)[name]
        assert (weight[~kept] == 0).all()
        assert not torch.equal(weight[kept], start[name][kept]), "the others must train"


def test_a_revived_weight_fails_the_training(narrow):
    model = fresh(narrow)
    masking = Masking(model, random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0))
    masking.check()
    with torch.no_grad():
        model.conv1.weight.fill_(1e-30)
    with pytest.raises(LotteryError, match="pruned weights are not zero"):
        masking.check()


@pytest.mark.parametrize("arrangement", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("wrong", [0.0, -0.0, float("inf"), float("-inf"), float("nan")])
def test_only_gradients_of_pruned_weights_are_cleared(arrangement, wrong):
    """To exactly zero, even those that are not finite: 0 times infinity would be NaN."""
    model = fresh(Architecture(model="vgg", depth=11, width=16)).to(memory_format=arrangement)
    mask = random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0)
    masking = Masking(model, mask)
    model(torch.randn(4, 3, 32, 32)).sum().backward()
    for name, kept in mask.layers().items():
        prunable(model)[name].grad[~kept] = wrong
    before = {name: w.grad.clone() for name, w in prunable(model).items()}
    masking.clear_gradients()
    for name, kept in mask.layers().items():
        gradient = prunable(model)[name].grad
        assert (gradient[~kept] == 0).all()
        assert torch.equal(gradient[kept], before[name][kept])


@pytest.mark.parametrize(
    ("point", "updates"),
    [
        (Rewind(updates=0), 0),
        (Rewind(updates=3), 3),
        (Rewind(samples=0), 0),
        (Rewind(samples=1), 1),
        (Rewind(samples=128), 1),
        (Rewind(samples=129), 2),
        (Rewind(samples=1352), 11),  # an epoch: ten batches of 128 and one of 72
        (Rewind(samples=1353), 12),
        (Rewind(epochs=1), 11),
        (Rewind(percent=50), 11),
        (Rewind(epochs=2), 22),
    ],
)
def test_early_weights_are_those_after_so_many_samples(narrow, source, point, updates):
    """W_k, batch-norm state included, is the network after that many updates, bit for bit."""
    assert len(source.labels) == 1352
    steps = []

    class Counted(type(LABELS)):
        def loss(self, logits, targets):
            steps.append({k: v.clone() for k, v in model.state_dict().items()})
            return super().loss(logits, targets)

    model = fresh(narrow)
    result = loop.TrainingLoop(
        model,
        Counted(recipe()),
        source,
        recipe(),
        0,
        Mask.dense(prunable(model)),
        [point],
    ).run()
    seen = sum((([128] * 10 + [72]) * 2)[:updates])
    assert result.points == [(updates, seen)]
    early = result.early[updates]
    steps.append(model.state_dict())
    # batch-norm statistics move in the forward pass, before the loss is taken: compare the weights
    for name, value in early.items():
        if "running" not in name and "num_batches" not in name:
            assert torch.equal(value, steps[updates][name]), name
    assert int(early["bn1.num_batches_tracked"]) == updates
    if updates < 22:
        assert any(not torch.equal(v, model.state_dict()[k]) for k, v in early.items())


def test_a_rewind_point_beyond_the_end_is_refused(narrow, source):
    with pytest.raises(LotteryError, match="the training ends at 22"):
        train(fresh(narrow), source, rewinds=[Rewind(updates=23)])


@pytest.mark.numbers
def test_the_same_seed_gives_the_same_bits_and_another_does_not(narrow, source):
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(states))  # global state must not matter
        model = fresh(narrow, seed=0)
        train(model, source, seed=seed)
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_dropout_derives_from_the_seed_too(images, digits):
    alexnet = Architecture(model="alexnet", depth=8, width=4, pools=1)
    some = few(images, digits, 256)
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(states))  # global state must neither matter nor change
        before = torch.random.get_rng_state()
        model = models.build(alexnet, 10, 0, "init")
        augmentation = Augmentation()
        train(model, some, seed=seed, epochs=1, augmentation=augmentation, batch_size=256)
        assert torch.equal(torch.random.get_rng_state(), before)
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_a_diverged_loss_stops_the_training_and_names_the_update(narrow, source):
    with pytest.raises(LotteryError, match=r"loss is (nan|inf) at update 2:"):
        train(fresh(narrow), source, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(LotteryError, match=r"loss is \d{7,}\.\d* at update \d+:"):
        train(fresh(narrow), source, optimizer="sgd", learning_rate=1e7, weight_decay=0.0)


def test_a_diverged_training_names_its_last_good_state(tmp_path, chain, narrow, source):
    """A state whose weights are not finite is never saved."""
    spec = GenerateSpec.of(chain, 1)
    checkpoints = Checkpoints(tmp_path, spec, {}, every=0)
    how = recipe(optimizer="sgd", learning_rate=1e30)
    model = fresh(narrow)
    dense = Mask.dense(prunable(model))
    with pytest.raises(
        LotteryError, match=r"at update \d+: .* \(the last good checkpoint is"
    ) as error:
        loop.TrainingLoop(model, LABELS, source, how, 0, dense, checkpoints=checkpoints).run()
    good = checkpoints.last()
    assert str(good) in str(error.value)
    state = artifacts.load(good, "checkpoint", spec, "state")["state"]
    assert all(value.isfinite().all() for value in state["model"].values())


def test_a_network_that_is_cut_is_called_dead(images, digits, capsys):
    vgg = Architecture(model="vgg", depth=11, width=4, pools=3)
    model = models.build(vgg, 10, 0, "init")
    dense = Mask.dense(prunable(model))
    layers = dense.layers()
    layers["features.4.weight"].zero_()  # a view of the mask's bits
    some = few(images, digits, 200)
    train(model, some, dense, epochs=1)
    measured = measure(model, LABELS, some, Augmentation(), seed=0)
    assert measured["dead"] is True
    tell("generation of x", dense, measured)
    said = capsys.readouterr().err
    assert "warning: generation of x: nothing remains of features.4.weight" in said
    assert "the network is dead" in said


def test_a_living_network_is_not(narrow, source):
    assert measure(fresh(narrow), LABELS, source, Augmentation(), seed=0)["dead"] is False


class Slow(Resident):
    """Images that come late."""

    def views(self, *asked):
        for each in super().views(*asked):
            time.sleep(0.5)
            yield each


def test_what_an_epoch_waited_is_not_lost_where_its_state_is_saved(
    tmp_path, chain, narrow, images, digits
):
    states = Checkpoints(tmp_path, GenerateSpec.of(chain, 1), {}, every=0)
    slow, model = Slow(images.select(torch.arange(256)), digits, CPU), fresh(narrow)
    mask, how = Mask.dense(prunable(model)), recipe(epochs=1)
    result = loop.TrainingLoop(model, LABELS, slow, how, 0, mask, checkpoints=states).run()
    assert result.epochs[0]["waiting"] * result.epochs[0]["seconds"] > 0.95


def test_an_epoch_tells_how_long_it_waited_for_images(narrow, images, digits, capsys):
    some = images.select(torch.arange(256))
    shares = []
    for kind in (Resident, Slow):
        result = train(fresh(narrow), kind(some, digits, CPU), epochs=1)
        shares.append(result.epochs[0]["waiting"])
    assert shares[0] < 0.3 < 0.6 < shares[1] < 1
    assert f"{shares[1]:.0%} waiting for images" in capsys.readouterr().err


@pytest.mark.numbers
def test_running_statistics_are_those_of_the_first_part(narrow, images, digits):
    """As with DistributedDataParallel, however many processes share the parts."""
    some = few(images, digits, 64)
    how = {"batch_size": 64, "epochs": 1, "learning_rate": 1e-30, "augmentation": Augmentation()}
    parts = fresh(narrow)
    train(parts, some, micro_batches=4, **how)
    batch = list(Batches(some.labels, 64, 0, 4).micro_batches(0, 1).each)
    expected = fresh(narrow).train()
    inputs = normalise(images.pixels[batch[0].indices], digits)
    expected(inputs.contiguous(memory_format=layout(expected)))
    assert torch.equal(parts.bn1.running_mean, expected.bn1.running_mean)
    assert int(parts.bn1.num_batches_tracked) == 1


OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
    "sgd-without-momentum": (torch.optim.SGD, {}),
    "adam": (torch.optim.Adam, {}),
}


@pytest.mark.numbers
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_optimizer_is_torchs_to_the_bit(narrow, name):
    """Also where a parameter has no gradient yet, and after a state was saved and loaded."""
    kind, options = OPTIMIZERS[name]
    how = recipe(
        optimizer=name[:4].strip("-"), weight_decay=0.1, momentum=options.get("momentum", 0)
    )
    pairs = [fresh(narrow).to(memory_format=torch.channels_last) for _ in range(2)]
    mine, theirs = (list(model.parameters()) for model in pairs)
    ours, torchs = Optimizer(pairs[0], how), kind(theirs, weight_decay=0.1, fused=True, **options)
    stream = torch.Generator().manual_seed(0)
    for update in range(6):
        if update == 3:
            saved = copy.deepcopy(ours.state_dict())
            ours = Optimizer(pairs[0], how)
            ours.load_state_dict(saved)
        rate = 0.1 / (update + 1)
        ours.learning_rate = torchs.param_groups[0]["lr"] = rate
        ours.zero_grad()
        torchs.zero_grad()
        for number, both in enumerate(zip(mine, theirs, strict=True)):
            if number or update > 1 or name != "adam":  # torch's own SGD fails there
                gradient = torch.randn(both[0].shape, generator=stream)
                for each in both:
                    each.grad = gradient.to(memory_format=torch.preserve_format)
        ours.step()
        torchs.step()
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.numbers
def test_adam_decays_by_l2_in_the_gradient(narrow):
    """AdamW would not give the natural zeros of Section 4.5."""
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.constant_(model.weight, 2.0)
    ours = Optimizer(model, recipe(optimizer="adam", learning_rate=0.1, weight_decay=0.1))
    model.weight.grad = torch.zeros_like(model.weight)
    ours.step()
    assert model.weight.item() == pytest.approx(1.9)  # Adam's first step is lr * sign(gradient)


def test_testing_sees_every_image_once_and_changes_nothing(narrow, source):
    model = fresh(narrow)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measured = measure(model, LABELS, source, Augmentation(), seed=0)
    assert measured["examples"] == len(source.labels)
    assert 0 <= measured["accuracy"] <= 1
    assert math.isfinite(measured["loss"])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.numbers
def test_a_batch_in_parts_has_the_gradient_of_the_whole_but_for_batch_norm(images, digits):
    """The mean over parts is the mean over images, also where the parts are of unequal size."""
    plain = Architecture(model="alexnet", depth=8, width=4, pools=1, variant="torchvision")
    some = few(images, digits, 50)
    states = []
    for gpus in (1, 2, 5):
        model = models.build(plain, 10, 0, "init").double()
        start = {name: value.clone() for name, value in model.state_dict().items()}
        model.classifier[0].p = model.classifier[3].p = 0.0  # dropout draws from another place
        how = {"micro_batches": gpus, "batch_size": 20, "augmentation": Augmentation(), "epochs": 1}
        train(DoubleInput(model), some, **how)
        states.append(steps(start, model.state_dict()))
    assert_same_double_steps(states[1], states[0])
    assert_same_double_steps(states[2], states[0])


@pytest.mark.numbers
@pytest.mark.parametrize(("labelled", "gpus"), [(40, 8), (40, 3), (23, 8), (23, 4)])
def test_labelled_images_weigh_alike_in_uneven_parts(images, digits, labelled, gpus):
    """Of a semi-supervised batch of 10 + 10 in 8 parts; of 23 labelled ones the last has 3 + 3."""
    plain = Architecture(model="alexnet", depth=8, width=4, pools=1, variant="torchvision")
    some = few(images, digits, 50)
    some.labels[labelled:] = UNLABELLED
    how = recipe(batch_size=20, augmentation=Augmentation(), epochs=1, optimizer="sgd")
    states = []
    for parts in (1, gpus):
        model = models.build(plain, 14, 0, "init").double()
        start = {name: value.clone() for name, value in model.state_dict().items()}
        model.classifier[0].p = model.classifier[3].p = 0.0  # dropout draws from another place
        task, divided = (
            tasks.make("semi-supervised", how),
            how.model_copy(update={"micro_batches": parts}),
        )
        wrapped = DoubleInput(model)
        dense = Mask.dense(prunable(wrapped))
        loop.TrainingLoop(wrapped, task, some, divided, 0, dense).run()
        states.append(steps(start, model.state_dict()))
    assert_same_double_steps(states[1], states[0])


def test_each_part_of_a_batch_has_batch_norm_statistics_of_its_own(narrow, source):
    seen = []
    for gpus in (1, 4):
        model = fresh(narrow)
        sizes = []
        model.bn1.register_forward_hook(lambda _, inputs, __, to=sizes: to.append(len(inputs[0])))
        train(model, source, micro_batches=gpus, batch_size=128, epochs=1)
        seen.append(sizes)
    assert seen[0] == [128] * 10 + [72]
    assert seen[1] == [32] * 40 + [18] * 4


def test_a_part_of_a_batch_has_two_images_at_least(narrow, images, digits):
    some = few(images, digits, 21)
    sizes = []
    model = fresh(narrow)
    model.bn1.register_forward_hook(lambda _, inputs, __: sizes.append(len(inputs[0])))
    train(model, some, micro_batches=8, batch_size=16, epochs=1)
    assert sizes == [2] * 8 + [3, 2]
