"""Tickets and scales in words, as the report has them."""

import pytest
from docutils.core import publish_parts

from lottery import config
from lottery.captions import numbers
from lottery.captions.caption import escaped
from lottery.captions.tickets import stand_ins, tickets
from lottery.figure_specs import ShownCurve, ShownPanel
from tests.conftest import REPOSITORY

SCALES = [[], ["quick"], ["demo"], ["demo", "criteria"], ["demo", "mine"], ["cpu"]]


def load(*overlays, **given):
    files = [REPOSITORY / "config.yaml", *(REPOSITORY / f"config/{o}.yaml" for o in overlays)]
    return config.load(files, given)


def labels(settings):
    return {name: entry.label for name, entry in settings.datasets.items()}


@pytest.mark.parametrize("overlays", SCALES, ids="+".join)
def test_every_ticket_of_every_figure_is_described(overlays):
    settings = load(*overlays)
    for figure in settings.figures:
        spec = settings.aggregate(figure)
        found = tickets(spec, {}, labels(settings))
        assert {t.name for t in found} == {curve.chain.ticket for curve in spec.table.curves}
        for ticket in found:
            assert ("task" in ticket.about) != ("baseline" in ticket.about)
            assert all(ticket.about.values())
        assert all(stand_ins(spec, labels(settings)).values())


def test_what_stands_in_is_said_under_the_name_of_the_entry():
    here, paper = load("demo"), load()
    said = stand_ins(here.aggregate("fig3"), labels(here))
    meant = stand_ins(paper.aggregate("fig3"), labels(paper))
    assert said.keys() == meant.keys()
    assert said["network resnet50"] == "ResNet-18, width 8 (for ResNet-50)"
    assert meant["network resnet50"] == "ResNet-50"
    assert said["recipe imagenet-images-1"] == "150 epochs, batches of 64 images, adam at 0.006"
    assert meant["recipe imagenet-images-1"] == "1,000 epochs, batches of 768 images, sgd at 0.1"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"start": "rewind"}, "W_k of cifar10-labels-resnet18"),
        (
            {"start": "rewind", "baseline": "reinitialised"},
            "W_k of cifar10-labels-resnet18, whose prunable weights are drawn anew",
        ),
        (
            {"budget": "equal"},
            "weights are drawn anew, and trained for 50,000 samples before the schedule begins "
            "again",
        ),
    ],
)
def test_baselines_say_what_they_begin_with(keys, said):
    ticket = {"baseline": "random", "of": "cifar10-labels-resnet18", **keys}
    figure = {"panels": {"ResNet-18": {"curves": {"Mine": "mine"}}}}
    settings = load(tickets={"mine": ticket}, figures={"fig1a": figure})
    (found,) = (t for t in tickets(settings.aggregate("fig1a"), {}, {}) if t.name == "mine")
    assert found.about["baseline"].split("; ")[1] == said
    assert found.about["network"] == "ResNet-18 (cifar-resnet18)"


def test_a_batch_is_told_by_what_it_counts():
    paper = load()
    said = stand_ins(paper.aggregate("fig1b"), labels(paper))
    counted = {
        task: said[f"recipe imagenet-{task}-resnet50"].split(", ")[1:-1]
        for task in ("rotnet", "exemplar")
    }
    assert counted == {
        "rotnet": ["batches of 1,536 rotated copies"],
        "exemplar": ["batches of 1,536 images"],
    }


def test_baselines_say_what_they_take_over():
    baselines = {
        name: {"baseline": kind, "of": "cifar10-rotnet-resnet18"}
        for name, kind in (("again", "reinitialised"), ("mixed", "shuffled"))
    }
    curves = {"Again": "again", "Mixed": "mixed", "Random": "cifar10-adjusted-random-resnet18"}
    figure = {"panels": {"ResNet-18": {"curves": curves}}}
    settings = load(tickets=baselines, figures={"fig1a": figure})
    found = {t.name: t.about for t in tickets(settings.aggregate("fig1a"), {}, {})}
    assert found["again"]["baseline"] == (
        "the mask of cifar10-rotnet-resnet18; weights are drawn anew"
    )
    assert found["mixed"]["baseline"] == (
        "the mask of cifar10-rotnet-resnet18, shuffled within each layer; weights are drawn anew"
    )
    for name in baselines:
        assert found[name]["pruning"] == "20 % of the remaining weights a round, by magnitude"
        assert found[name]["task of its mask"] == "rotnet"
        assert found[name]["subset of its mask"].endswith("(all)")
        assert not {"task", "recipe", "rewind"} & found[name].keys()
    adjusted = found["cifar10-adjusted-random-resnet18"]
    assert adjusted["baseline"] == (
        "masks are drawn at random, after what the training of "
        "cifar10/all/cifar-resnet18/labels/cifar10-labels took to zero; weights are drawn anew"
    )
    assert adjusted["pruning"].endswith("at random")


def test_a_table_says_once_what_is_the_same_in_all_rows():
    rows = numbers.rows(b"figure,seed,accuracy\nfig1a,0,0.123456\nfig1a,0,0.5\nfig1a,0,1e-7\n")
    grid = numbers.everything(rows, most=2)
    assert grid.title == "figure fig1a, seed 0"
    assert grid.columns == ["accuracy"]
    assert grid.lines == [["0.1235"], ["0.5"]]
    assert numbers.everything([], most=2).lines == []


@pytest.mark.parametrize(
    ("values", "said"), [([0.5], "0.5"), ([80, 82], "81.0 ± 1.0"), ([], "")], ids=str
)
def test_a_mean_has_an_error_if_there_are_several_seeds(values, said):
    assert numbers.estimate(values) == said


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ([0, 0, 0], "61.0 ± 25.5"),
        ([0, 0, 1], "86.5 ± 0.5 (1 of 3 lifeless, all: 61.0)"),
        ([0, 1, 1], "86.0 (2 of 3 lifeless, all: 61.0)"),
        ([1, 1, 1], "(3 of 3 lifeless, all: 61.0)"),
        ([], "61.0 ± 25.5"),
    ],
    ids=str,
)
@pytest.mark.parametrize("column", ["dead", "stalled", "collapsed"])
def test_a_mean_is_over_networks_that_learned_anything_and_tells_the_others(lost, said, column):
    """A table of an earlier version has no such columns: nothing is known."""
    panel = ShownPanel(panel="a", title="A", curves=(ShownCurve(curve="Random", label="Random"),))
    rows = [
        {"panel": "a", "curve": "Random", "round": "3", "accuracy": accuracy, "density": "0.01"}
        for accuracy in ("0.86", "0.87", "0.10")
    ]
    for row, value in zip(rows, lost, strict=False):
        row[column] = str(value)
    assert numbers.accuracies(rows, panel).lines == [["3", "1 %", said]]


def test_a_title_is_text_whatever_is_in_it():
    title = "*All* of `it`_ | a_ \\ <b>: 10 %"
    body = publish_parts(escaped(title), writer="html")["body"]
    assert "*All* of `it`_ | a_ \\ &lt;b&gt;: 10 %" in body
