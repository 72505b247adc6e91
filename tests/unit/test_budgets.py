"""What networks have behind them: found tickets k + N updates, baselines as many or N."""

import json

import pytest
import torch

from lottery import artifacts, config, models
from lottery.errors import LotteryError
from lottery.pruning.baselines.random import random_mask
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Baseline, EarlySpec, EvaluateSpec, MaskSpec, Rewind
from lottery.stages.evaluate import evaluate
from lottery.stages.mask import mask as draw_mask
from lottery.training.checkpoints import Checkpoints
from lottery.training.loop import TrainingLoop
from lottery.training.schedule import Schedule
from tests.conftest import REPOSITORY, header, recipe, stage_inputs
from tests.unit.test_checkpoints import Outage, Power, few
from tests.unit.test_training import LABELS

WARMED = {"batch_size": 64, "warmup_epochs": 1, "milestones": (1,)}
POINT = Rewind(samples=70)
"""Two updates of 64 images."""


@pytest.fixture(scope="module")
def source(images, digits):
    return few(images, digits, 200)


@pytest.fixture(scope="module")
def data(tmp_path_factory, digits):
    return stage_inputs(tmp_path_factory.mktemp("data"), digits)


def begun(narrow):
    model = models.build(narrow, 10, 0, "init")
    return model, random_mask(Mask.dense(prunable(model)), 0.5, 1, seed=0)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("updates", [1, 2, 4, 7])
def test_longer_is_the_schedule_up_to_k_and_then_all_of_it_with_a_fresh_optimizer(
    narrow, source, updates
):
    """As a found ticket has it: W_k by the first k updates, then a training of its own."""
    how, (model, mask) = recipe(**WARMED), begun(narrow)
    TrainingLoop(model, LABELS, source, how, 0, mask, most=updates).run()
    TrainingLoop(model, LABELS, source, how, 0, mask).run()
    once, _ = begun(narrow)
    longer = Rewind(updates=updates)
    result = TrainingLoop(once, LABELS, source, how, 0, mask, longer=longer).run()
    assert equal(state(once), state(model))
    assert len(result.epochs) == how.epochs
    sizes = [64, 64, 64, 8] * 2
    assert result.made == (updates + 8, sum(sizes[:updates]) + 400)


def test_a_longer_training_resumes_to_the_bit_wherever_it_was_stopped(
    tmp_path, chain, narrow, source
):
    spec, how = EvaluateSpec.of(chain, 1, source.dataset, recipe()), recipe(**WARMED)

    def train(checkpoints):
        model, mask = begun(narrow)
        return TrainingLoop(
            model, LABELS, source, how, 0, mask, longer=POINT, checkpoints=checkpoints
        ).run(), state(model)

    whole, expected = train(None)
    for at in (0, 1, 2, 3, 6, 10):
        with pytest.raises(Power):
            train(Outage(tmp_path / "states", spec, at))
    resumed, found = train(Checkpoints(tmp_path / "states", spec, {"code": "1"}, every=1e9))
    assert equal(found, expected)
    assert (resumed.inputs, resumed.made) == (whole.inputs, whole.made)
    for one, other in zip(whole.epochs, resumed.epochs, strict=True):
        assert (one["loss"], one["accuracy"]) == (other["loss"], other["accuracy"])


@pytest.mark.parametrize(
    ("rewind", "longer", "made"),
    [
        (None, None, (8, 76)),
        (Rewind(samples=11), Rewind(samples=11), (10, 95)),
        (Rewind(epochs=1), None, (8, 76)),
        (Rewind(updates=3, schedule="continue"), None, (5, 47)),
        (Rewind(none=True), None, (8, 76)),
    ],
)
def test_a_schedule_counts_its_updates_and_the_images_in_them(rewind, longer, made):
    assert Schedule(recipe(epochs=4), [10, 9], rewind, longer).made() == made


def rewound_from(tmp_path, chain):
    """W_k of a chain that is unlike any draw, and its file."""
    state = models.build(chain.architecture, 10, 7, "elsewhere").state_dict()
    state["bn1.running_mean"] += 3
    path = tmp_path / "early.pt"
    content = {"model": state, "updates": 7, "samples": 900}
    artifacts.save(path, header("early", EarlySpec.of(chain)), content)
    return str(path), state


@pytest.mark.parametrize("kind", ["random", "reinitialised"])
@pytest.mark.parametrize("head", ["keep", "redraw"])
def test_a_baseline_from_w_k_has_its_updates_behind_it(
    tmp_path, chain, data, digits, monkeypatch, kind, head
):
    """A reinitialised one has head and batch norm of W_k, its prunable weights are drawn."""
    path, early = rewound_from(tmp_path, chain)
    baseline = Baseline(kind=kind, start="rewind", of=chain)
    compared = chain.model_copy(update={"ticket": "b", "training": None, "baseline": baseline})
    spec = EvaluateSpec.of(compared, 0, digits, recipe(epochs=1), head)
    seen = {}

    def watched(self):
        seen.update(state(self.model))
        return run(self)

    run = TrainingLoop.run
    monkeypatch.setattr(TrainingLoop, "run", watched)
    report = tmp_path / "evaluation.json"
    evaluate(spec, *data.values(), None, path, str(report))
    weights = prunable(models.skeleton(chain.architecture))
    for name, value in seen.items():
        drawn = (kind == "reinitialised" and name in weights) or (
            head == "redraw" and name.startswith("fc.")
        )
        assert torch.equal(value, early[name]) != drawn, name
    result = json.loads(report.read_text())["result"]
    assert (result["updates"], result["samples"]) == (7 + 11, 900 + 1352)


def test_a_baseline_says_whether_it_needs_w_k(tmp_path, chain, data, digits):
    drawn = chain.model_copy(
        update={"ticket": "b", "training": None, "baseline": Baseline(kind="random")}
    )
    spec = EvaluateSpec.of(drawn, 0, digits, recipe(epochs=1))
    path, _ = rewound_from(tmp_path, chain)
    with pytest.raises(LotteryError, match="is drawn anew, it has no W_k"):
        evaluate(spec, *data.values(), None, path, str(tmp_path / "report.json"))
    with pytest.raises(ValueError, match="random needs `of`"):
        Baseline(kind="random", start="rewind")
    with pytest.raises(ValueError, match="it has no `longer`"):
        Baseline(kind="random", start="rewind", of=chain, longer=Rewind(samples=1))


@pytest.mark.parametrize(
    ("ticket", "evaluation", "updates", "share"),
    [
        ("cifar10-random-resnet18", "cifar10", 98, 0.6),
        ("imagenet-random-resnet50", "imagenet-resnet50", 2505, 3.3),
        ("imagenet-random-alexnet", "imagenet-alexnet", 939, 3.3),
    ],
)
def test_at_the_papers_scale_tickets_have_a_little_more_behind_them(
    tmp_path, ticket, evaluation, updates, share
):
    """The numbers of docs/paper.md and of config.yaml."""
    (tmp_path / "equal.yaml").write_text("baselines: {budget: equal}")
    paper = config.load([REPOSITORY / "config.yaml"])
    equal = config.load([REPOSITORY / "config.yaml", tmp_path / "equal.yaml"])
    spec = equal.evaluate(ticket, 0, 1, evaluation)
    longer = spec.chain.baseline.longer
    assert paper.evaluate(ticket, 0, 1, evaluation).chain.baseline.longer is None
    batch = spec.recipe.batch_size
    whole, rest = divmod(spec.dataset.train_images, batch)
    schedule = Schedule(spec.recipe, [batch] * whole + [rest], longer=longer)
    assert schedule.before == updates
    assert round(100 * updates / (schedule.updates - updates), 1) == share


def test_a_twin_is_the_same_ticket_with_another_budget():
    paper = config.load([REPOSITORY / "config.yaml"])
    twins = [name for name in paper.tickets if name.endswith("-equal")]
    randoms = {n for n in paper.tickets if n.startswith("imagenet-random") and n not in twins}
    assert {name.removesuffix("-equal") for name in twins} == randoms
    for name in twins:
        own, twin = (paper.tickets[n] for n in (name.removesuffix("-equal"), name))
        assert twin == own.model_copy(update={"budget": "equal"})
        for figure, entry in paper.figures.items():
            for title, panel in entry.panels.items():
                shown = {curve.ticket for curve in panel.curves.values()}
                assert (name in shown) == (name.removesuffix("-equal") in shown), (figure, title)


@pytest.mark.parametrize("scale", ["demo", "cpu", "quick"])
def test_smaller_scales_compare_at_equal_budgets(scale):
    """Baselines are trained longer, and dense networks are evaluated from W_k."""
    small = config.load([REPOSITORY / "config.yaml", REPOSITORY / f"config/{scale}.yaml"])
    for figure, entry in small.figures.items():
        if entry.kind != "accuracy":
            continue
        for curve in small.aggregate(figure).table.curves:
            baseline = curve.chain.baseline
            assert not curve.chain.ticket.endswith("-equal"), "all of them are"
            assert baseline.longer if baseline else not curve.shares(0)


def test_baselines_are_trained_as_many_images_longer_as_w_k_has_seen(tmp_path):
    """Of a semi-supervised ticket too, whose batches are of other sizes."""
    (tmp_path / "mine.yaml").write_text(
        "tickets: {mine: {baseline: random, of: imagenet-semi-supervised-resnet50,"
        " budget: equal}, near: {baseline: shuffled, of: cifar10-rotnet-resnet18, budget: equal},"
        " late: {baseline: shuffled, of: imagenet-images-10-resnet50-updates, budget: equal}}"
    )
    mine = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])
    longer = {name: mine.chain(name, 0).baseline.longer for name in ("mine", "near", "late")}
    assert longer == {
        "mine": Rewind(samples=3_843_501),
        "near": Rewind(samples=50_000),
        "late": Rewind(samples=2500 * 768),
    }


@pytest.mark.parametrize(("round", "mask"), [(0, None), (1, "drawn")])
def test_where_a_found_ticket_continues_its_schedule_a_baseline_from_w_k_does(
    tmp_path, chain, data, digits, round, mask
):
    """Else it would have k updates more behind it than the ticket that it is compared with."""
    rewind = Rewind(epochs=1, schedule="continue")
    training = chain.training.model_copy(update={"rewind": rewind})
    found = chain.model_copy(update={"training": training})
    path, _ = rewound_from(tmp_path, found)
    baseline = Baseline(kind="random", start="rewind", of=found)
    compared = found.model_copy(update={"ticket": "b", "training": None, "baseline": baseline})
    if mask:
        mask = str(tmp_path / "mask.pt")
        draw_mask(MaskSpec(chain=compared, round=round), None, None, mask)
    spec = EvaluateSpec.of(compared, round, digits, recipe(epochs=2))
    report = tmp_path / "evaluation.json"
    evaluate(spec, *data.values(), mask, path, str(report))
    result = json.loads(report.read_text())["result"]
    assert result["updates"] == 7 + 11, "of two epochs the second"


@pytest.mark.parametrize("keys", [{"budget": "equal"}, {"start": "rewind"}])
def test_where_all_baselines_have_w_ks_training_dense_networks_have_it_too(tmp_path, keys):
    (tmp_path / "mine.yaml").write_text(json.dumps({"baselines": keys}))
    mine = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])
    labels = mine.aggregate("fig1a").table.curves[0]
    assert (labels.curve, labels.shares(0), labels.shares(1)) == ("Labels", False, True)
