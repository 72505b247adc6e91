"""The numbers that docs/paper.md computes: updates, epochs, and where W_k lies."""

from lottery import config
from lottery.catalogue.tasks import TASKS
from lottery.config.entries import FoundTicket
from lottery.specs import nominal_batch_sizes, samples_per_epoch
from lottery.training.schedule import Schedule
from lottery.words import rewind
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs/paper.md").read_text()
CONFIG = [REPOSITORY / "config.yaml"]
COPIES = config.load(CONFIG)
TABLE = COPIES.aggregate("table1").table
FOUND = {name: entry for name, entry in COPIES.tickets.items() if isinstance(entry, FoundTicket)}
IMAGES = config.load([*CONFIG, REPOSITORY / "config/rotnet-images.yaml"])


def training(settings, ticket):
    """A ticket's training, its schedule, and the update after which W_k is saved."""
    found = settings.chain(ticket, 0).training
    sizes = nominal_batch_sizes(found.dataset, found.subset, found.task, found.recipe)
    schedule = Schedule(found.recipe, sizes)
    return found, sizes, schedule, schedule.update_at(found.rewind)


def cells(settings, ticket):
    """A row of the table, without its name."""
    found, sizes, schedule, saved = training(settings, ticket)
    recipe, warmup = found.recipe, round(found.recipe.warmup_epochs * len(sizes))
    rate = f"{schedule.learning_rate(saved):.2g}"
    return (
        f"{sizes[0]:,}",
        f"{len(sizes):,}",
        f"{schedule.updates:,}",
        f"{warmup:,}" if warmup else "none",
        f"{saved:,}",
        f"{saved / len(sizes):.3g}",
        f"{100 * saved / schedule.updates:.2g} %",
        f"{rate}, within the warm-up to {recipe.learning_rate:g}" if saved < warmup else rate,
    )


def rows():
    """The lines of the table: a recipe and rewind point each, those that are alike in one."""
    named = {}
    for settings, suffix in ((COPIES, ""), (IMAGES, ", batches of images")):
        for ticket, entry in FOUND.items():
            same = IMAGES.recipes[entry.recipe] == COPIES.recipes[entry.recipe]
            if settings is IMAGES and same:
                continue
            own = entry.rewind not in ("imagenet", "cifar10")
            point = f", rewound to {rewind(COPIES.rewinds[entry.rewind])}" * own
            named[f"`{entry.recipe}`{suffix}{point}"] = cells(settings, ticket)
    alike = {}
    for name, values in named.items():
        alike.setdefault(values, []).append(name)
    return [f"| {'; '.join(names)} | {' | '.join(each)} |" for each, names in alike.items()]


def test_the_table_of_rewind_points_is_computed():
    title = "| recipe | images an update | updates an epoch |"
    table = PAGE[PAGE.index(title) :].split("\n\n")[0].splitlines()[2:]
    assert table == rows(), "\n".join(rows())


def updates(settings, *recipes):
    """Updates an epoch of each recipe."""
    tickets = [next(name for name in FOUND if FOUND[name].recipe == recipe) for recipe in recipes]
    return [f"{len(training(settings, ticket)[1]):,}" for ticket in tickets]


def test_both_readings_of_rotnets_batch_are_told_in_updates():
    recipes = ("imagenet-rotnet-resnet50", "imagenet-rotnet-alexnet", "cifar10-rotnet")
    large, small, cifar = updates(COPIES, *recipes)
    few, fewer, fewest = updates(IMAGES, *recipes)
    said = " ".join(PAGE.split())
    assert f"{large} updates for ResNet-50 and {small} for AlexNet, on CIFAR-10 {cifar}" in said
    assert f"with images {few}, {fewer} and {fewest}." in said
    overlay = (REPOSITORY / "config/rotnet-images.yaml").read_text()
    assert f"({few} instead of {large} for ResNet-50 on ImageNet)" in overlay


def test_table_1s_own_updates_are_told():
    saved = [f"{training(COPIES, curve.chain.ticket)[3]:,}" for curve in TABLE.curves]
    assert f"after {', '.join(saved[:-1])} and {saved[-1]} updates" in PAGE


def test_the_semi_supervised_recipe_is_told_over_its_labelled_images():
    found, sizes, schedule, saved = training(COPIES, "imagenet-semi-supervised-resnet50")
    epochs, warmup = found.recipe.epochs, round(found.recipe.warmup_epochs)
    inputs = TASKS[found.task].views * epochs * sum(sizes) / 1e6
    share = f"{100 * saved / schedule.updates:.2g} %"
    right = [row.split(" | ")[-1].strip(" |") for row in PAGE.splitlines() if row.startswith("| ")]
    for cell in (
        f"{sum(sizes):,}",
        f"{len(sizes):,}",
        f"{schedule.updates:,}",
        f"{inputs:.0f} million",
        f"{epochs} times",
        f"update {warmup * len(sizes):,}",
        f"update {saved:,}: epoch {saved / len(sizes):.3g}, {share}, after it",
    ):
        assert cell in right


def test_two_points_lie_within_a_warm_up():
    within = {
        FOUND[ticket].recipe if FOUND[ticket].rewind == "imagenet" else ticket
        for ticket in FOUND
        if "within" in cells(COPIES, ticket)[-1]
    }
    assert within == {"imagenet-rotnet-resnet50", "imagenet-images-10-resnet50-epochs"}
    assert "within" in cells(IMAGES, "imagenet-rotnet-resnet50")[-1]
    assert "Two points lie within a warm-up" in PAGE


def test_how_many_times_less_the_recipes_of_section_4_2_imply():
    """5 and 10 times less time: so many times fewer network inputs, or updates of full batches."""
    implied = {}
    for name in ("labels", "images-10", "classes-1"):
        found, _, schedule, _ = training(COPIES, f"imagenet-{name}-resnet50")
        images = samples_per_epoch(found.dataset, found.subset, found.task) * found.recipe.epochs
        implied[name] = images, schedule.updates * found.recipe.batch_size
    times = {
        name: tuple(round(a / b, 2) for a, b in zip(implied["labels"], own, strict=True))
        for name, own in implied.items()
    }
    assert times["images-10"] == (4.5, 4.5)
    assert times["classes-1"] == (9.0, 8.84)
