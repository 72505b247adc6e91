"""config.yaml as a text: short, nothing twice, and what its anchors stand for."""

import re

import pytest
import yaml

from lottery import config
from lottery.catalogue.tasks import TASKS
from lottery.config.entries import BaselineTicket, FoundTicket
from lottery.specs import nominal_batch_sizes
from lottery.training.schedule import Schedule
from tests.conftest import REPOSITORY
from tests.unit.test_appendix import ENTRIES

FILE = REPOSITORY / "config.yaml"
TEXT = FILE.read_text(encoding="utf-8")
PAPER = config.load([FILE])


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 740


def test_no_four_lines_stand_twice():
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in TEXT.splitlines()]
    lines = [line for line in lines if line]
    blocks = list(zip(lines, lines[1:], lines[2:], lines[3:], strict=False))
    assert [block for block in blocks if blocks.count(block) > 1] == []


# The paper's tickets: name, architecture, task, recipe, subset, convolutions that are pruned.
FOUND = """
dataset cifar10, rewind cifar10:
cifar10-labels-resnet18               cifar-resnet18 labels          cifar10-labels          all -
cifar10-rotnet-resnet18               cifar-resnet18 rotnet          cifar10-rotnet          all -
cifar10-exemplar-resnet18             cifar-resnet18 exemplar        cifar10-exemplar        all -
cifar10-permuted-labels-resnet18      cifar-resnet18 permuted-labels cifar10-permuted-labels all -
cifar10-labels-vgg19                  cifar-vgg19    labels          cifar10-labels          all -
cifar10-rotnet-vgg19                  cifar-vgg19    rotnet          cifar10-rotnet          all -
cifar10-exemplar-vgg19                cifar-vgg19    exemplar        cifar10-exemplar        all -
cifar10-permuted-labels-vgg19         cifar-vgg19    permuted-labels cifar10-permuted-labels all -
cifar10-labels-resnet50-imagenet-stem resnet50       labels          cifar10-labels          all -
cifar10-labels-resnet50               cifar-resnet50 labels          cifar10-labels          all -
cifar10-labels-resnet34               cifar-resnet34 labels          cifar10-labels          all -
cifar10-labels-vgg11                  cifar-vgg11    labels          cifar10-labels          all -
cifar10-labels-vgg13                  cifar-vgg13    labels          cifar10-labels          all -
cifar10-labels-vgg16                  cifar-vgg16    labels          cifar10-labels          all -
dataset imagenet, rewind imagenet:
imagenet-labels-resnet50          resnet50 labels          imagenet-labels-resnet50   all        -
imagenet-rotnet-resnet50          resnet50 rotnet          imagenet-rotnet-resnet50   all        -
imagenet-exemplar-resnet50        resnet50 exemplar        imagenet-exemplar-resnet50 all        -
imagenet-labels-alexnet           alexnet  labels          imagenet-labels-alexnet    all        -
imagenet-rotnet-alexnet           alexnet  rotnet          imagenet-rotnet-alexnet    all        -
imagenet-exemplar-alexnet         alexnet  exemplar        imagenet-exemplar-alexnet  all        -
imagenet-labels-alexnet-conv1     alexnet  labels          imagenet-labels-alexnet    all        1
imagenet-rotnet-alexnet-conv1     alexnet  rotnet          imagenet-rotnet-alexnet    all        1
imagenet-labels-alexnet-conv3     alexnet  labels          imagenet-labels-alexnet    all        3
imagenet-rotnet-alexnet-conv3     alexnet  rotnet          imagenet-rotnet-alexnet    all        3
imagenet-labels-alexnet-conv5     alexnet  labels          imagenet-labels-alexnet    all        5
imagenet-rotnet-alexnet-conv5     alexnet  rotnet          imagenet-rotnet-alexnet    all        5
imagenet-labels-resnet50-conv11   resnet50 labels          imagenet-labels-resnet50   all        11
imagenet-rotnet-resnet50-conv11   resnet50 rotnet          imagenet-rotnet-resnet50   all        11
imagenet-labels-resnet50-conv24   resnet50 labels          imagenet-labels-resnet50   all        24
imagenet-rotnet-resnet50-conv24   resnet50 rotnet          imagenet-rotnet-resnet50   all        24
imagenet-labels-resnet50-conv43   resnet50 labels          imagenet-labels-resnet50   all        43
imagenet-rotnet-resnet50-conv43   resnet50 rotnet          imagenet-rotnet-resnet50   all        43
imagenet-images-30-resnet50       resnet50 labels          imagenet-images-30         images-30  -
imagenet-images-10-resnet50       resnet50 labels          imagenet-images-10         images-10  -
imagenet-images-1-resnet50        resnet50 labels          imagenet-images-1          images-1   -
imagenet-classes-30-resnet50      resnet50 labels          imagenet-classes-30        classes-30 -
imagenet-classes-10-resnet50      resnet50 labels          imagenet-classes-10        classes-10 -
imagenet-classes-1-resnet50       resnet50 labels          imagenet-classes-1         classes-1  -
imagenet-semi-supervised-resnet50 resnet50 semi-supervised imagenet-semi-supervised   images-10  -
imagenet-labels-resnet18          resnet18 labels          imagenet-labels-resnet50   all        -
imagenet-labels-resnet34          resnet34 labels          imagenet-labels-resnet50   all        -
imagenet-labels-vgg11             vgg11    labels          imagenet-labels-resnet50   all        -
imagenet-labels-vgg13             vgg13    labels          imagenet-labels-resnet50   all        -
imagenet-labels-vgg16             vgg16    labels          imagenet-labels-resnet50   all        -
imagenet-labels-vgg19             vgg19    labels          imagenet-labels-resnet50   all        -
dataset places365, rewind imagenet:
places365-labels-resnet50 resnet50 labels places365-labels all -
dataset imagenet, rewind imagenet-epochs:
imagenet-images-10-resnet50-epochs resnet50 labels imagenet-images-10 images-10 -
dataset imagenet, rewind imagenet-updates:
imagenet-images-10-resnet50-updates resnet50 labels imagenet-images-10 images-10 -
dataset imagenet, rewind imagenet-percent:
imagenet-images-10-resnet50-percent resnet50 labels imagenet-images-10 images-10 -
"""

# Name, kind, and the ticket that it is compared with.
BASELINES = """
cifar10-adjusted-random-resnet18 adjusted-random cifar10-labels-resnet18
cifar10-random-resnet18          random          cifar10-labels-resnet18
cifar10-adjusted-random-vgg19    adjusted-random cifar10-labels-vgg19
cifar10-random-vgg19             random          cifar10-labels-vgg19
imagenet-random-resnet50         random          imagenet-labels-resnet50
imagenet-random-alexnet          random          imagenet-labels-alexnet
imagenet-random-alexnet-conv1    random          imagenet-labels-alexnet-conv1
imagenet-random-alexnet-conv3    random          imagenet-labels-alexnet-conv3
imagenet-random-alexnet-conv5    random          imagenet-labels-alexnet-conv5
imagenet-random-resnet50-conv11  random          imagenet-labels-resnet50-conv11
imagenet-random-resnet50-conv24  random          imagenet-labels-resnet50-conv24
imagenet-random-resnet50-conv43  random          imagenet-labels-resnet50-conv43
"""


def found():
    for line in FOUND.strip().splitlines():
        if heading := re.fullmatch(r"dataset (\S+), rewind (\S+):", line):
            dataset, rewind = heading.groups()
            continue
        name, architecture, task, recipe, subset, convolutions = line.split()
        said = {
            "dataset": dataset,
            "subset": subset,
            "architecture": architecture,
            "task": task,
            "recipe": recipe,
            "rewind": rewind,
            "convolutions": None if convolutions == "-" else int(convolutions),
        }
        yield pytest.param(name, FoundTicket(**said), id=name)


@pytest.mark.parametrize(("name", "ticket"), list(found()))
def test_a_found_ticket_is_the_papers(name, ticket):
    assert PAPER.tickets[name] == ticket


@pytest.mark.parametrize("line", BASELINES.strip().splitlines(), ids=lambda line: line.split()[0])
def test_a_baseline_is_the_papers(line):
    name, kind, of = line.split()
    assert PAPER.tickets[name] == BaselineTicket(baseline=kind, of=of)


def panel(figure, name):
    return PAPER.figures[figure].panels[name]


def tickets(figure, name):
    return {key: curve.ticket for key, curve in panel(figure, name).curves.items()}


def at_depth(network, depth):
    """Figures 2 and 8: what is shown of a network that is pruned up to a depth."""
    suffix = network if depth == "all" else f"{network}-{depth}"
    return {name: f"imagenet-{name.lower()}-{suffix}" for name in ("Labels", "RotNet", "Random")}


@pytest.mark.parametrize("depth", ["conv1", "conv3", "conv5", "all"])
def test_figure_8_has_figure_2s_panels_under_titles_with_the_network(depth):
    shown, again = panel("fig2", depth), panel("fig8", f"alexnet-{depth}")
    assert (shown.title, again.title) == ("{scope}", "{network}, {scope}")
    assert shown.evaluation == again.evaluation == "imagenet-alexnet"
    assert shown.curves == again.curves
    assert at_depth("alexnet", depth).items() <= tickets("fig2", depth).items()


@pytest.mark.parametrize("depth", ["conv11", "conv24", "conv43", "all"])
def test_figure_8_has_a_resnet_50_at_four_depths(depth):
    shown = panel("fig8", f"resnet50-{depth}")
    assert (shown.title, shown.evaluation) == ("{network}, {scope}", "imagenet-resnet50")
    assert at_depth("resnet50", depth).items() <= tickets("fig8", f"resnet50-{depth}").items()


@pytest.mark.parametrize(("network", "short"), [("ResNet-18", "resnet18"), ("VGG-19", "vgg19")])
def test_figure_4_has_permuted_labels_where_figure_1a_has_tasks_without(network, short):
    alike = {
        "Labels": f"cifar10-labels-{short}",
        "Random": f"cifar10-random-{short}",
        "Random (adjusted)": f"cifar10-adjusted-random-{short}",
    }
    tasks = {"RotNet": f"cifar10-rotnet-{short}", "Exemplar": f"cifar10-exemplar-{short}"}
    permuted = {"Permuted labels": f"cifar10-permuted-labels-{short}"}
    for figure, own, absent in (("fig1a", tasks, permuted), ("fig4", permuted, tasks)):
        shown = panel(figure, network)
        assert (shown.title, shown.evaluation) == ("{network}", "cifar10")
        assert (alike | own).items() <= tickets(figure, network).items()
        assert not absent.keys() & shown.curves.keys()


@pytest.mark.parametrize("network", ["ResNet-18", "VGG-19"])
def test_figure_9_has_figure_6s_panels(network):
    assert panel("fig9", network) == panel("fig6", network)


def test_low_shot_tickets_are_the_same_in_figure_3_table_1_and_the_costs():
    images = dict(panel("fig3", "(a) Number of images").curves)
    classes = dict(panel("fig3", "(b) Number of classes").curves)
    for random in ("Random", "Random (equal)"):
        assert images.pop(random) == classes.pop(random)
    assert list(panel("table1", "ResNet-50").curves.items()) == list(images.items())
    costs = panel("cost", "ResNet-50").curves
    assert list(costs.items())[:7] == list((images | classes).items())


SHARED = {
    "recipes": {"imagenet-labels-resnet50": {"weight_decay": 0.5}},
    "tickets": {"imagenet-labels-resnet50": {"criterion": "magnitude-increase"}},
    "figures": {
        "fig2": {"panels": {"conv1": {"curves": {"RotNet": None}}}},
        "fig6": {"panels": {"VGG-19": {"title": "mine", "curves": {"imagenet": None}}}},
    },
}
"""Changes of entries that others take their keys from."""

SCALES = {path.stem: path.read_text() for path in sorted((REPOSITORY / "config").glob("*.yaml"))}


def left_alone(before, after, changes):
    """Asserts that what the changes do not name is as it was."""
    for key, value in before.items():
        if key not in changes:
            assert after[key] == value, key
        elif isinstance(changes[key], dict):
            left_alone(value, after[key], changes[key])


def without(changes):
    """Adds that with a ticket its curves go."""
    removed = {name for name, entry in changes.get("tickets", {}).items() if entry is None}
    for figure, entry in PAPER.figures.items():
        for title, panel in entry.panels.items():
            for name, curve in panel.curves.items():
                if curve.ticket in removed:
                    at = changes.setdefault("figures", {})
                    for key in (figure, "panels", title, "curves"):
                        if at is None or (key in at and at[key] is None):
                            break
                        at = at.setdefault(key, {})
                    else:
                        at.setdefault(name)


@pytest.mark.parametrize(
    "text", [*SCALES.values(), yaml.safe_dump(SHARED)], ids=[*SCALES, "shared"]
)
def test_an_overlay_changes_what_it_names_and_no_entry_that_shares_an_anchor(tmp_path, text):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    mine, changes = config.load([FILE, overlay]).model_dump(), yaml.safe_load(text)
    without(changes)
    for section in ("recipes", "tickets", "figures"):
        left_alone(PAPER.model_dump()[section], mine[section], changes.get(section, {}))


def openings():
    """What stands above each recipe, by its name: the paper's words and the cost."""
    text = TEXT[TEXT.index("\nrecipes:\n") : TEXT.index("\nrewinds:\n")]
    found = {}
    for comment, name in re.findall(r"^((?:  #.*\n)+)  (\S+):", text, re.MULTILINE):
        found[name] = " ".join(line.strip(" #") for line in comment.splitlines())
    return found


OPENINGS = openings()


def words(line):
    """The whole line of the appendix; the recipes that share one have it once."""
    (said,) = (
        found[1]
        for name in line.recipes.values()
        if (found := re.match(rf'"{re.escape(line.title)}: (.+?)"', OPENINGS[name]))
    )
    return said


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_a_recipe_opens_with_its_line_of_appendix_a(line, task, name):
    assert OPENINGS[name].startswith(f'"{line.title}')
    said, recipe = words(line), PAPER.recipes[name]

    def number(pattern):
        found = re.search(pattern, said)
        return float(found[1]) if found else 0

    assert number(r"train for (\d+) epochs") == recipe.epochs
    assert number(r"batch-size of (\d+)") == recipe.batch_size
    assert number(r"(\d+) GPU") == recipe.micro_batches
    assert number(r"learning rate of ([\d.]*\d)") == recipe.learning_rate
    assert number(r"during the first (\d+) epochs") == recipe.warmup_epochs
    assert number(r"weight decay of ([\d.]*\d)") == recipe.weight_decay
    milestones = re.search(r"by a factor 10 at epochs? ([\d, and]+)", said)[1]
    assert tuple(map(int, re.findall(r"\d+", milestones))) == recipe.milestones


@pytest.mark.parametrize(("line", "task", "name"), ENTRIES)
def test_a_recipe_says_what_a_training_costs(line, task, name):
    recipe, views = PAPER.recipes[name], TASKS[task].views
    dataset, subset = PAPER.dataset(line.dataset), PAPER.subsets[line.subset]
    sizes = nominal_batch_sizes(dataset, subset, task, recipe)
    schedule = Schedule(recipe, sizes)
    inputs = recipe.epochs * sum(sizes) * views
    assert f"{schedule.updates:,} updates, {inputs / 1e6:.0f} million inputs" in OPENINGS[name]
    if recipe.batch_counts == "copies" and task == "rotnet":
        assert re.search(rf"batch_counts: copies}}? # of {sizes[0]:,} images", after(name))


def after(name):
    """The text of a recipe, up to the next comment on a line of its own."""
    return re.search(rf"^  {name}:(?:(?!^  #).)*", TEXT, re.DOTALL | re.MULTILINE)[0]
