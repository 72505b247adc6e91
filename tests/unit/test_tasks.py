"""What makes each generation task that task."""

import contextlib

import pytest
import torch

from lottery import artifacts, models, seeds, tasks
from lottery.catalogue.tasks import TASKS
from lottery.data import augment
from lottery.data.batches import UNLABELLED
from lottery.data.sources import Resident
from lottery.errors import Stopped
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Augmentation, Exemplar, GenerateSpec, Subset, SubsetSpec
from lottery.stages import inputs
from lottery.stages.subset import subset as subset_stage
from lottery.tasks.exemplar import cosine_distance
from lottery.training import loop
from lottery.training.checkpoints import Checkpoints, Request
from lottery.training.distributed import World
from lottery.training.execution import Execution
from lottery.training.measure import measure
from tests.conftest import CPU, few, recipe, stage_inputs

pytestmark = pytest.mark.numbers

PIXELS = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
UNUSED = torch.Generator()
"""The tasks that come with this package draw nothing."""


def make(name, **changes):
    return tasks.make(name, recipe(**changes))


def view():
    return PIXELS


def test_labels_are_the_images_own():
    labels = torch.arange(5)
    inputs, targets = make("labels").examples(view, labels, UNUSED)
    assert torch.equal(inputs, PIXELS)
    assert torch.equal(targets, labels)
    assert torch.equal(make("labels").supervise(labels, seed=3), labels)


def test_rotnets_target_is_the_rotation_that_was_applied():
    inputs, targets = make("rotnet").examples(view, torch.zeros(5), UNUSED)
    assert make("rotnet").outputs(1000) == 4
    assert inputs.shape == (20, 3, 8, 8)
    sources = PIXELS.repeat(4, 1, 1, 1)
    for image, target, source in zip(inputs, targets.tolist(), sources, strict=True):
        assert torch.equal(image.rot90(-target, dims=(1, 2)), source)
    assert torch.bincount(targets).tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("name", ["rotnet", "exemplar"])
def test_label_agnostic_tasks_never_read_labels(name, narrow, images, digits):
    """Poisoned labels change nothing in the trained network."""
    states = []
    for labels in (images.labels, torch.full_like(images.labels, 10**6)):
        task = make(name)
        model = models.build(narrow, task.outputs(10), 0, "init")
        mask = Mask.dense(prunable(model))
        labelled = Resident(images._replace(labels=labels), digits, CPU)
        loop.TrainingLoop(model, task, labelled, recipe(epochs=1), 0, mask).run()
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_semi_supervised_tickets_never_read_the_labels_they_are_not_given(
    tmp_path, narrow, images, digits
):
    """Those of all images but the drawn ones are poisoned, in the file that the stage reads."""
    subset, drawn = Subset(images=0.1), str(tmp_path / "drawn.pt")
    spec = SubsetSpec.of(digits, subset, 0)
    whole = stage_inputs(tmp_path, digits)["images"]
    subset_stage(spec, whole, drawn)
    chosen = artifacts.load(drawn, "subset", spec)["indices"]
    content = torch.load(whole, weights_only=True)
    labels = content["payload"]["train"]["labels"]
    poisoned = torch.full_like(labels, 10**6)
    poisoned[chosen] = labels[chosen]
    content["payload"]["train"]["labels"] = poisoned
    artifacts.save(tmp_path / "poisoned.pt", content["header"], content["payload"])
    states = []
    for path in (whole, str(tmp_path / "poisoned.pt")):
        data = inputs.data(spec, drawn, path, hide_labels=True)
        assert (data.train.labels >= 0).sum() == len(chosen)
        task = make("semi-supervised")
        model = models.build(narrow, task.outputs(data.classes), 0, "init")
        mask, source = Mask.dense(prunable(model)), Resident(data.train, digits, CPU)
        loop.TrainingLoop(model, task, source, recipe(epochs=1), 0, mask).run()
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_permuted_labels_are_one_permutation_with_the_same_class_counts():
    labels = torch.arange(10).repeat_interleave(100)
    task = make("permuted-labels")
    permuted = task.supervise(labels, seed=0)
    assert torch.equal(permuted, task.supervise(labels, seed=0)), "fixed, not drawn each epoch"
    assert not torch.equal(permuted, task.supervise(labels, seed=1))
    assert torch.equal(torch.bincount(permuted), torch.bincount(labels))
    agreement = (permuted == labels).double().mean().item()
    assert 0.06 < agreement < 0.14, "as often right as by chance"


def test_exemplars_positives_are_views_of_one_image():
    drawn = iter([PIXELS, PIXELS + 1])
    inputs, targets = make("exemplar").examples(lambda: next(drawn), torch.arange(5), UNUSED)
    assert torch.equal(inputs, torch.cat([PIXELS, PIXELS + 1])), "two draws of the augmentation"
    assert targets.tolist() == [0, 1, 2, 3, 4] * 2


def test_exemplars_loss_is_the_triplet_margin_loss_on_cosine_distances():
    axis = torch.eye(3, dtype=torch.float64)
    task = make("exemplar", exemplar=Exemplar(margin=0.5, embedding=3))
    assert task.outputs(1000) == 3
    # positives equal their anchors, negatives are orthogonal: d = 0 and 1, beyond the margin
    assert task.loss(torch.cat([axis, 2 * axis]), None).item() == pytest.approx(0)
    # all embeddings alike: both distances are 0, what is left is the margin
    assert task.loss(torch.ones(6, 3, dtype=torch.float64), None).item() == pytest.approx(0.5)
    # positives point away from their anchors, negatives are orthogonal: 2 - 1 + margin
    assert task.loss(torch.cat([axis, -axis]), None).item() == pytest.approx(1.5)
    assert task.correct(torch.cat([axis, axis]), None).all()
    assert not task.correct(torch.cat([axis, -axis]), None).any()


def test_nearest_negatives_are_of_another_image_and_most_like_the_anchor():
    anchors = torch.tensor([[1.0, 0], [0, 1], [-1, 0]], dtype=torch.float64)
    positives = torch.tensor([[1.0, 0], [0.6, 0.8], [-1, 0.1]], dtype=torch.float64)
    task = make("exemplar", exemplar=Exemplar(negatives="nearest", embedding=2, margin=2))
    embeddings = torch.cat([anchors, positives])
    triplets = torch.nn.TripletMarginWithDistanceLoss(distance_function=cosine_distance, margin=2)
    expected = triplets(anchors, positives, positives[[1, 2, 1]])
    assert task.loss(embeddings, None).item() == pytest.approx(expected.item())


def test_accuracy_is_against_any_other_image_whichever_negatives_the_loss_takes():
    """So it means the same for both, and does not depend on how many images there are to mine."""
    stream = torch.Generator().manual_seed(0)
    anchors = torch.randn(200, 8, generator=stream)
    embeddings = torch.cat([anchors, anchors + torch.randn(200, 8, generator=stream)])
    found = [
        make("exemplar", exemplar=Exemplar(negatives=negatives)).correct(embeddings, None)
        for negatives in ("next", "nearest")
    ]
    assert torch.equal(*found)
    assert found[0].double().mean() > 0.8


def test_the_semi_supervised_loss_is_labels_plus_rotnet():
    task = make("semi-supervised", rotation_weight=2.0)
    assert task.outputs(10) == 14
    labels = torch.tensor([1, 2, UNLABELLED, UNLABELLED, UNLABELLED])
    inputs, targets = task.examples(view, labels, UNUSED)
    assert inputs.shape == (20, 3, 8, 8)
    stream = torch.Generator().manual_seed(0)
    outputs = torch.randn(20, 14, generator=stream, dtype=torch.float64)
    labelled = torch.tensor([0, 1, 5, 6, 10, 11, 15, 16])  # in all four rotations
    supervised = torch.nn.functional.cross_entropy(outputs[labelled, :10], torch.tensor([1, 2] * 4))
    rotation = torch.nn.functional.cross_entropy(
        outputs[:, 10:], torch.arange(4).repeat_interleave(5)
    )
    assert task.loss(outputs, targets).item() == pytest.approx((supervised + 2 * rotation).item())


def test_semi_supervised_accuracy_is_that_of_labelled_upright_images():
    task = make("semi-supervised")
    _, targets = task.examples(view, torch.tensor([1, 2, UNLABELLED, UNLABELLED, 0]), UNUSED)
    outputs = torch.zeros(20, 14)
    outputs[0, 1] = outputs[1, 3] = outputs[4, 0] = 1.0
    assert task.correct(outputs, targets).tolist() == [True, False, True]


def test_small_rotations_turn_each_image_on_its_own_and_keep_its_centre():
    pixels = torch.zeros(200, 3, 9, 9, dtype=torch.uint8)
    pixels[:, :, 4, :] = 200  # a horizontal bar
    turned = augment.random_rotation(pixels, 20, seeds.generator(0, "test"))
    assert turned.shape == pixels.shape
    assert (turned[:, :, 4, 4] > 190).all()
    assert len({image.numpy().tobytes() for image in turned}) > 150
    still = augment.random_rotation(pixels, 1e-6, seeds.generator(0, "test"))
    assert torch.equal(still, pixels)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"brightness": 0.5}, lambda p, f: p * f),
        ({"contrast": 0.5}, lambda p, f: p.mean() * (1 - f) + p * f),
    ],
)
def test_colour_jitter_of_a_grey_image_is_a_factor(how, expected):
    level = torch.linspace(60, 120, 64).round()
    pixels = level.view(1, 1, 8, 8).expand(300, 3, 8, 8).to(torch.uint8)
    changed = augment.colour_jitter(pixels, Augmentation(**how), seeds.generator(0, "test"))
    factors = []
    for image in changed.float():
        grey = image[0].flatten()
        spread = (grey.max() - grey.min()) / (level.max() - level.min())
        assert torch.allclose(grey, expected(level, spread), atol=2.5)
        factors.append(spread.item())
    assert min(factors) < 0.6
    assert max(factors) > 1.4
    assert 0.9 < sum(factors) / len(factors) < 1.1


def test_hue_and_saturation_leave_grey_images_alone_and_keep_the_luma():
    how = Augmentation(hue=0.3, saturation=0.5)
    grey = torch.randint(60, 200, (50, 1, 8, 8)).expand(-1, 3, -1, -1).to(torch.uint8)
    changed = augment.colour_jitter(grey, how, seeds.generator(0, "test"))
    assert (changed.int() - grey.int()).abs().max() <= 1
    colour = torch.tensor([140, 100, 110]).view(1, 3, 1, 1).expand(50, 3, 8, 8).to(torch.uint8)
    changed = augment.colour_jitter(colour, how, seeds.generator(0, "test"))
    assert (augment._grey(changed.float()) - augment._grey(colour.float())).abs().max() < 2
    assert len(changed[:, :, 0, 0].unique(dim=0)) > 40


@pytest.mark.parametrize("name", ["exemplar", "permuted-labels", "semi-supervised"])
def test_each_task_learns(name, narrow, images, digits):
    """Its loss falls, and pruned weights stay zero on the way."""
    how = recipe(
        epochs=4, learning_rate=0.003, augmentation=Augmentation(crop_padding=1, rotation=10)
    )
    labels = images.labels.clone()
    if name == "semi-supervised":
        labels[200:] = UNLABELLED
    task = tasks.make(name, how)
    model = models.build(narrow, task.outputs(10), 0, "init")
    result = loop.TrainingLoop(
        model,
        task,
        Resident(images._replace(labels=labels), digits, CPU),
        how,
        0,
        Mask.dense(prunable(model)),
    ).run()
    losses = [epoch["loss"] for epoch in result.epochs]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", TASKS)
def test_the_config_knows_how_many_views_a_task_takes_of_an_image(name):
    task = tasks.make(name, recipe())
    assert (task.views, task.hides_labels) == (TASKS[name].views, TASKS[name].hides_labels)


class Drawing(type(tasks.make("labels", recipe()))):
    """Draws noise on each image, and remembers it."""

    def __init__(self, recipe):
        super().__init__(recipe)
        self.drawn = []

    def examples(self, view, labels, stream):
        images = view()
        self.drawn.append(torch.rand(4, generator=stream))
        noise = torch.randint(8, images.shape, generator=stream, dtype=torch.uint8)
        return images // 2 + noise, labels


class Counted(Checkpoints):
    """Asks its training to stop after so many updates."""

    def __init__(self, folder, spec, at):
        super().__init__(folder, spec, {}, every=1e9)
        self._left = at

    @property
    def request(self):
        self._left -= 1
        return Request.STOP if self._left < 0 else Request.NOTHING


def drawn(narrow, some, states=None, world=None, **how):
    """What a task draws in a training, by micro-batch, and the weights that come out."""
    settings = recipe(
        **{"batch_size": 64, "micro_batches": 4, "augmentation": Augmentation(), **how}
    )
    task, model = Drawing(settings), models.build(narrow, 10, 0)
    how = {"checkpoints": states, "execution": Execution(world or World())}
    dense = Mask.dense(prunable(model))
    with contextlib.suppress(Stopped):
        loop.TrainingLoop(model, task, some, settings, 5, dense, **how).run()
    return task.drawn, model.state_dict()


def test_what_a_task_draws_derives_from_the_seed_and_the_micro_batch(narrow, digits, images):
    """Not from what the network draws, nor from a global stream."""
    some = few(images, digits, 128)
    torch.manual_seed(7)
    found, state = drawn(narrow, some)
    torch.manual_seed(8)
    again, same = drawn(narrow, some)
    assert torch.equal(torch.stack(found), torch.stack(again))
    assert all(torch.equal(state[name], same[name]) for name in state)
    expected = [torch.rand(4, generator=seeds.generator(5, "task", n)) for n in range(16)]
    assert torch.equal(torch.stack(found), torch.stack(expected))
    whole, _ = drawn(narrow, some, micro_batches=1)
    assert torch.equal(torch.stack(whole), torch.stack(expected[:4])), "whatever the parts"


class Alone(World):
    """One of two processes, whose other one adds nothing."""

    def __init__(self, rank):
        super().__init__(rank, 2)

    def wrap(self, model):
        return model

    def share_buffers(self, model):
        pass

    def all_reduce_sum(self, values):
        return values.double()


def test_each_process_draws_for_its_own_micro_batches_what_one_would(narrow, digits, images):
    some = few(images, digits, 128)
    alone, _ = drawn(narrow, some)
    for rank in range(2):
        shared, _ = drawn(narrow, some, world=Alone(rank))
        assert torch.equal(torch.stack(shared), torch.stack(alone[rank::2]))


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_resumed_training_draws_what_it_would_have_drawn(
    tmp_path, chain, narrow, digits, images, at
):
    some, spec = few(images, digits, 128), GenerateSpec.of(chain, 1)
    whole, expected = drawn(narrow, some)
    before, _ = drawn(narrow, some, Counted(tmp_path, spec, at))
    after, found = drawn(narrow, some, Checkpoints(tmp_path, spec, {}, every=1e9))
    assert len(before) == 4 * at
    assert torch.equal(torch.stack(before + after), torch.stack(whole))
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_test_of_the_network_draws_from_a_stream_of_its_own(narrow, digits, images):
    task, model = Drawing(recipe()), models.build(narrow, 10, 0)
    measure(model, task, few(images, digits, 1300), Augmentation(), 5)
    expected = [torch.rand(4, generator=seeds.generator(5, "test task", n)) for n in range(2)]
    assert torch.equal(torch.stack(task.drawn), torch.stack(expected))
