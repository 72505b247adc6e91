"""What figures call their panels and curves: at every scale what was trained, in the same order."""

import itertools

import pytest

from lottery import config
from lottery.figures import style
from tests.conftest import REPOSITORY
from tests.unit.test_config import complaint

OVERLAYS = {
    "paper": [],
    "demo": ["config/demo.yaml"],
    "first": ["config/demo.yaml", "config/first.yaml"],
    "cpu": ["config/cpu.yaml"],
    "quick": ["config/quick.yaml"],
}
SCALES = {
    scale: config.load([REPOSITORY / file for file in ("config.yaml", *files)])
    for scale, files in OVERLAYS.items()
}

RANDOM = ["Random", "Random (equal)"]
"""On ImageNet, as the paper trains them and as long as found tickets are."""


def panels(scale, figure):
    return {panel.panel: panel for panel in SCALES[scale].plot(figure).panels}


def labels(panel):
    return [curve.label for curve in panel.curves]


@pytest.mark.parametrize(
    ("figure", "titles", "curves"),
    [
        ("fig1b", ["ResNet-50", "AlexNet"], ["Labels", "RotNet", "Exemplar", *RANDOM]),
        (
            "fig1a",
            ["ResNet-18", "VGG-19"],
            ["Labels", "RotNet", "Exemplar", "Random", "Random (adjusted)"],
        ),
        (
            "fig2",
            ["First convolution", "First 3 convolutions", "All 5 convolutions", "All"],
            ["Labels", "RotNet", *RANDOM],
        ),
        (
            "fig3",
            ["(a) Number of images", "(b) Number of classes"],
            ["100 %", "30 % of images", "10 % of images", "1 % of images", *RANDOM],
        ),
        (
            "fig5",
            ["(a) Access to data and labels", "(b) From other data sets"],
            ["Labels", "Semi-supervised, 10 % of labels", "10 % of images", "RotNet", *RANDOM],
        ),
        ("fig6", ["VGG-19", "ResNet-18"], ["CIFAR-10", "ImageNet"]),
        (
            "fig7",
            ["Same rewind point as on all of ImageNet, in:"],
            ["3.8 million samples", "3 epochs", "2500 updates", "3.3 % of training", *RANDOM],
        ),
        (
            "fig8",
            [
                "AlexNet, first convolution",
                "AlexNet, first 3 convolutions",
                "AlexNet, all 5 convolutions",
                "AlexNet, all",
                "ResNet-50, first 11 convolutions",
                "ResNet-50, first 24 convolutions",
                "ResNet-50, first 43 convolutions",
                "ResNet-50, all",
            ],
            ["Labels", "RotNet", *RANDOM],
        ),
        (
            "fig9",
            ["VGG-11", "VGG-13", "VGG-16", "VGG-19", "ResNet-18", "ResNet-34", "ResNet-50"],
            ["CIFAR-10", "ImageNet"],
        ),
    ],
)
def test_at_the_papers_scale_figures_speak_its_words(figure, titles, curves):
    found = SCALES["paper"].plot(figure).panels
    assert [panel.title for panel in found] == titles
    assert labels(found[0]) == curves


def test_figure_5b_and_figure_9_take_the_resnet_50_that_each_needs():
    """Figure 5b that of ImageNet, with its stem; Figure 9 that for small images."""
    for figure, panel, stem in (
        ("fig5", "(b) From other data sets", "imagenet"),
        ("fig9", "ResNet-50", "small"),
    ):
        curves = SCALES["paper"].aggregate(figure).table.curves
        (curve,) = [c for c in curves if (c.panel, c.curve) == (panel, "cifar10")]
        assert curve.chain.training.dataset.name == "cifar10"
        assert (curve.chain.architecture.depth, curve.chain.architecture.stem) == (50, stem)


def test_a_stand_in_is_named_as_what_was_trained():
    demo = SCALES["demo"]
    made = demo.architectures["resnet50"]
    assert made.depth != 50, "a ResNet-18 stands in"
    network = f"ResNet-{made.depth}, width {made.width} (for ResNet-50)"
    assert panels("demo", "fig1b")["ResNet-50"].title == network
    count = demo.tickets["imagenet-labels-resnet50-conv11"].convolutions
    eight = panels("demo", "fig8")["resnet50-conv11"]
    assert eight.title == f"{network}, first {count} convolutions"
    assert eight.scope == f"in the first {count} convolutions"
    assert demo.plot("fig3").title == f"Low-shot winning tickets of {network} on letters"
    assert labels(panels("demo", "fig5")["(b) From other data sets"])[3:5] == [
        "photographs",
        "digits",
    ]
    assert labels(panels("demo", "fig6")["VGG-19"]) == ["digits", "letters"]
    assert "all of letters" in panels("demo", "fig7")["rewinds"].title


@pytest.mark.parametrize("scale", [scale for scale in SCALES if scale not in ("paper", "quick")])
def test_no_stand_in_bears_the_papers_name(scale):
    """Networks and data sets that are not the paper's are nowhere called so."""
    settings = SCALES[scale]
    for figure in settings.figures:
        spec = settings.plot(figure)
        said = [spec.title, *(panel.title for panel in spec.panels)]
        said += [label for panel in spec.panels for label in labels(panel)]
        for text in said:
            assert "ImageNet" not in text
            assert "ResNet-50" not in text.replace("(for ResNet-50)", "")


@pytest.mark.parametrize("scale", SCALES)
def test_panels_and_curves_stand_in_the_papers_order_at_every_scale(scale):
    for figure, entry in SCALES[scale].figures.items():
        paper = SCALES["paper"].figures[figure]
        assert list(entry.panels) == [name for name in paper.panels if name in entry.panels]
        for name, panel in entry.panels.items():
            order = paper.panels[name].curves
            assert list(panel.curves) == [curve for curve in order if curve in panel.curves]


@pytest.mark.parametrize("scale", SCALES)
def test_no_two_curves_of_a_panel_share_a_label_a_colour_or_a_mark(scale):
    for figure in SCALES[scale].figures:
        spec = SCALES[scale].plot(figure)
        for panel in spec.panels:
            assert len(set(labels(panel))) == len(panel.curves), (figure, panel.title)
            if spec.kind in ("accuracy", "sparsity"):
                names = [curve.curve for curve in panel.curves]
                assert set(names) <= style.CURVES.keys(), "a look that holds across figures"
                looks = style.looks(names).values()
                assert len({look["color"] for look in looks}) == len(names)
                assert len({look["marker"] for look in looks}) == len(names)


def test_curves_of_ones_own_take_the_colours_and_marks_that_are_left():
    looks = style.looks(["Labels", "RotNet", *map(str, range(9)), "Random"])
    assert looks["Labels"] == style.CURVES["Labels"]
    assert len({look["color"] for look in looks.values()}) == 12
    assert len({look["marker"] for look in looks.values()}) == 12
    many = style.looks(["Labels", *(str(number) for number in range(30))]).values()
    drawn = {(look["color"], look.get("linestyle", "-")) for look in many}
    assert len(drawn) == 31, "from then on with other dashes"


def test_round_0_is_another_quantity_where_w_k_comes_from_another_task():
    """Of labels it is the dense network from its initialisation, and so it is of random tickets."""
    early = {
        curve.label
        for figure in ("fig1a", "fig3", "fig4", "fig5")
        for panel in SCALES["paper"].plot(figure).panels
        for curve in panel.curves
        if curve.early
    }
    shares = (
        f"{n} % of {what}" for n, what in itertools.product((30, 10, 1), ("images", "classes"))
    )
    assert early == {
        "RotNet", "Exemplar", "Permuted labels", "Semi-supervised, 10 % of labels", "Places365",
        "CIFAR-10", *shares,
    }  # fmt: skip


def test_the_axes_say_what_they_count_and_which_images_are_tested():
    assert panels("paper", "fig2")["conv3"].scope == "in the first 3 convolutions"
    assert panels("paper", "fig2")["all"].scope == ""
    assert panels("paper", "fig1a")["ResNet-18"].split == "test"
    assert panels("paper", "fig1b")["ResNet-50"].split == "validation"


def test_a_panel_of_several_scopes_does_not_claim_one(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "figures: {fig2: {panels: {conv3: {curves: {Mine: imagenet-labels-alexnet}}}}}"
    )
    mine = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])
    (panel,) = [panel for panel in mine.plot("fig2").panels if panel.panel == "conv3"]
    assert panel.scope == "of those that are pruned"


def test_panels_that_an_overlay_removes_leave_no_empty_columns(tmp_path):
    removed = [name for name in SCALES["paper"].figures["fig8"].panels if name != "alexnet-all"]
    (tmp_path / "mine.yaml").write_text(
        f"figures: {{fig8: {{panels: {{{', '.join(f'{name}: null' for name in removed)}}}}}}}"
    )
    mine = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"])
    assert [panel.panel for panel in mine.plot("fig8").panels] == ["alexnet-all"]
    assert mine.plot("fig8").columns == 1


@pytest.mark.parametrize(
    ("changes", "tables", "looks"),
    [
        ("figures: {fig1a: {title: Mine}}", False, True),
        ("figures: {fig1a: {panels: {ResNet-18: {title: Mine}}}}", False, True),
        (
            "figures: {fig1a: {panels: {ResNet-18: {curves: "
            "{Labels: {ticket: cifar10-labels-resnet18, label: Mine}}}}}}",
            False,
            True,
        ),
        ("datasets: {cifar10: {label: Mine}}", False, True),
        ("figures: {fig1a: {panels: {ResNet-18: {curves: {RotNet: null}}}}}", True, True),
    ],
)
def test_another_word_on_a_figure_changes_no_table(tmp_path, changes, tables, looks):
    (tmp_path / "mine.yaml").write_text(changes)
    mine, paper = config.load([REPOSITORY / "config.yaml", tmp_path / "mine.yaml"]), SCALES["paper"]
    assert (mine.aggregate("fig1a") != paper.aggregate("fig1a")) is tables
    assert (mine.plot("fig1a") != paper.plot("fig1a")) is looks


ALLOWED = "allowed: {dataset}, {network}, {rewind}, {scope}, {subset}"
LABELS = "cifar10-labels-resnet18"


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        ({"title": "On {datset}"}, f"title: unknown {{datset}}; {ALLOWED}"),
        (
            {"panels": {"ResNet-18": {"title": "{}"}}},
            f"panels.ResNet-18.title: unknown {{}}; {ALLOWED}",
        ),
        (
            {"panels": {"ResNet-18": {"curves": {"{x}": LABELS}}}},
            f"panels.ResNet-18.curves.{{x}}: unknown {{x}}; {ALLOWED}",
        ),
        (
            {"panels": {"ResNet-18": {"curves": {"x": {"ticket": LABELS, "labl": "y"}}}}},
            "panels.ResNet-18.curves.x.labl: unknown key; did you mean label?",
        ),
        (
            {"panels": {"ResNet-18": {"curves": {"x": {"ticket": f"{LABELS}0"}}}}},
            f"panels.ResNet-18.curves.x: no '{LABELS}0' among the tickets; did you mean {LABELS}?",
        ),
        (
            {"panels": {"ResNet-18": {"curves": {"x": {"label": "y"}}}}},
            "panels.ResNet-18.curves.x.ticket: this key is missing",
        ),
    ],
)
def test_a_mistake_in_a_label_is_told_in_one_line(tmp_path, figure, line):
    said = complaint(tmp_path, {"figures": {"fig1a": figure}}).splitlines()
    assert f"{tmp_path}/mine.yaml: figures.fig1a.{line}" in said
