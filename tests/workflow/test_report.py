"""`snakemake --report`: what a reader finds in it."""

import csv

import pytest
from PIL import Image

from lottery import config
from lottery.captions import FigureCaption
from tests.workflow.project import HOW, TINY
from tests.workflow.report_reader import CHROMIUM, NEEDED, captions, read

VIEWS = {
    "menu": [],
    "link": ["fig1a.png"],
    "files": ["Results", "Figures"],
    "drawing": ["eye: PNG", "about: PNG"],
    "table": ["Figures", "about: CSV"],
    "tickets": ["Figures", "about: JSON"],
    "claims": ["Results", "Claims", "about: claims"],
}
"""By view, what is clicked to get there from the one before."""
browser = pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """The tiny figure with its claims, and the report of both."""
    project = finished.clone(tmp_path_factory.mktemp("report") / "lottery")
    project.run("all")
    done = project.snakemake("--report", "report.html", *HOW)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout
    return project


@pytest.fixture(scope="module")
def seen(project):
    return read(project.root / "report.html", VIEWS)


@browser
def test_it_opens_with_what_it_holds(seen):
    text = seen["start"]["text"]
    assert "at scale tiny" in text
    assert "fig1a.png: Label-agnostic winning tickets on digits" in text
    assert "cannot tell: 73" in text
    assert {"Claims", "Figures"} <= set(text.splitlines())
    assert "fig1a: Label-agnostic winning tickets on digits" in seen["link"]["text"]


@browser
def test_files_are_listed_by_figure_kind_format_and_scale(seen):
    lines = [" ".join(line.split()) for line in seen["files"]["text"].splitlines()]
    listed = [line for line in lines if line.startswith("fig1a ") and line.endswith(" tiny")]
    assert [line.split()[1:3] for line in listed] == [
        ["drawing", "PDF"],
        ["drawing", "PNG"],
        ["table", "CSV"],
        ["tickets", "JSON"],
    ]


@browser
def test_a_figure_is_seen_beside_its_caption(project, seen):
    view = seen["drawing"]
    with Image.open(project.root / "figures/tiny/fig1a.png") as image:
        assert view["image"] == list(image.size)
    assert "ResNet-18, width 4: Labels; RotNet; Random (adjusted)" in view["text"]
    assert "One seed (0)" in view["text"]
    assert "Rounds of pruning: 0 and 2." in view["text"]
    accuracies, scale = view["tables"]
    assert accuracies["rows"][0] == ["round", "left", "Labels", "RotNet", "Random (adjusted)"]
    assert [row[:2] for row in accuracies["rows"][1:]] == [["0", "100 %"], ["2", "25 %"]]
    stand_ins = {entry: (here, paper) for entry, here, paper in scale["rows"]}
    assert stand_ins["seeds"] == ("0", "0 to 5")
    assert stand_ins["data set cifar10"] == (
        "digits: 1,352 images of 8x8 pixels, 10 classes",
        "CIFAR-10: 50,000 images of 32x32 pixels, 10 classes",
    )
    assert stand_ins["network cifar-resnet18"] == ("ResNet-18, width 4", "ResNet-18")


@browser
def test_a_table_is_a_table(project, seen):
    with (project.root / "results/tiny/tables/fig1a.csv").open() as file:
        rows = list(csv.DictReader(file))
    [table] = seen["table"]["tables"]
    header, *lines = table["rows"]
    assert len(lines) == len(rows) == 6
    for line, row in zip(lines, rows, strict=True):
        shown = dict(zip(header, line, strict=True))
        assert shown["ticket"] == row["ticket"]
        assert float(shown["accuracy"]) == pytest.approx(float(row["accuracy"]), rel=1e-3)
    assert "seed 0, total 43692" in seen["table"]["text"]  # the same in all rows


@browser
def test_the_config_of_each_ticket_is_there(seen):
    found = {table["rows"][0][0]: dict(table["rows"][1:]) for table in seen["tickets"]["tables"]}
    assert list(found) == [
        "cifar10-labels-resnet18, drawn as Labels",
        "cifar10-rotnet-resnet18, drawn as RotNet",
        "cifar10-adjusted-random-resnet18, drawn as Random (adjusted)",
    ]
    rotnet = found["cifar10-rotnet-resnet18, drawn as RotNet"]
    assert rotnet["task"] == "rotnet"
    assert rotnet["subset"] == "100 % (all)"
    assert rotnet["recipe"].startswith(
        "cifar10-rotnet: epochs 2, batch_size 128, batch_counts copies, optimizer adam"
    )
    assert rotnet["rewind"] == "to the weights after 1 epoch (cifar10)"
    assert rotnet["pruning"] == "50 % of the remaining weights a round, by magnitude"
    assert rotnet["network"] == "ResNet-18, width 4 (cifar-resnet18)"
    assert (
        "drawn at random"
        in found["cifar10-adjusted-random-resnet18, drawn as Random (adjusted)"]["baseline"]
    )


@browser
def test_the_claims_are_a_scoreboard(project, seen):
    [table] = seen["claims"]["tables"]
    with (project.root / "figures/tiny/claims.csv").open() as file:
        claims = [row["claim"] for row in csv.DictReader(file)]
    shown = [row[1] for row in table["rows"][1:] if len(row) > 1]  # the others name a section
    assert sorted(shown) == sorted(claims)
    assert "they prove nothing about the paper" in seen["claims"]["text"]
    assert "Benjamini-Hochberg" in seen["claims"]["text"]


@browser
def test_nothing_is_fetched(seen):
    assert not [name for name in seen["fetched"] if not name.startswith("data:")]


def test_every_file_has_a_caption_without_a_mistake(project):
    found = captions(project.root / "report.html")
    assert len(found) == 6
    for path, caption in found.items():
        assert caption, path
        assert "system-message" not in caption, path


def test_a_report_makes_no_result_stale(project):
    assert project.plan("all") == {}


def test_a_caption_tells_what_was_run_not_what_the_config_says_now(project, monkeypatch):
    monkeypatch.chdir(project.root)
    now = config.load(
        ["config.yaml", TINY], {"seeds": [0, 1], "recipes": {"cifar10-labels": {"epochs": 3}}}
    )
    caption = FigureCaption(now, "config.yaml", "fig1a")
    assert caption.seeds == [0]
    assert any("seeds" in change for change in caption.changed)
    here = {each.entry: each.here for each in caption.stand_ins}
    assert here["recipe cifar10-labels"].startswith("2 epochs")
