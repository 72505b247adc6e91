"""A ticket of others is evaluated, drawn, verified and sent on like those that are found here."""

import contextlib
import csv
import hashlib
import json
import shutil

import pytest
import torch

from lottery import artifacts, config
from lottery.captions import FigureCaption
from tests.workflow.project import FIGURE, TINY, Project

FOUND = "results/tiny/tickets/cifar10-rotnet-resnet18/seed0"
FILE, PLACE = "theirs.pt", "results/tiny/imported/theirs.pt"
REPORT = "results/tiny/tickets/theirs/seed0/round01/evaluation-cifar10.json"
HOW = ("--ticket", "theirs", "--configfile", TINY)


def add(project: Project, sha256: str, **keys) -> None:
    """The entry of a ticket, and a curve of Figure 1a."""
    entry = {"imported": sha256, "architecture": "cifar-resnet18", **keys}
    curves = {"ResNet-18": {"curves": {"Theirs": "theirs"}}}
    project.overlay({"tickets": {"theirs": entry}, "figures": {"fig1a": {"panels": curves}}})


def sha256_of(project: Project) -> str:
    return hashlib.sha256((project.root / FILE).read_bytes()).hexdigest()


def exported(project: Project) -> None:
    """A ticket of the figure as a file for others, which the config names."""
    done = project.lottery("export", f"{FOUND}/round02", "-o", FILE)
    assert done.returncode == 0, done.stderr
    add(project, sha256_of(project))


@pytest.fixture(scope="session")
def imported(finished, tmp_path_factory):
    """A run whose Figure 1a shows an imported ticket. Do not change it."""
    project = finished.clone(tmp_path_factory.mktemp("imported") / "lottery")
    exported(project)
    done = project.lottery("import", FILE, *HOW, "--source", "a colleague")
    assert done.returncode == 0, done.stderr
    assert project.plan() == {"evaluate_imported": 1, "aggregate": 1, "plot": 1}
    project.run()
    return project


@pytest.fixture
def changed(imported, tmp_path):
    """A copy of it, to change."""
    return imported.clone(tmp_path / "lottery")


def test_what_was_exported_comes_back_bit_by_bit(imported):
    _, mask = artifacts.read(imported.root / FOUND / "round02/mask.pt")
    about, payload = artifacts.read(imported.root / PLACE)
    assert torch.equal(payload["mask"]["bits"], mask["bits"])
    early = "results/tiny/dense/cifar10/all/cifar-resnet18/rotnet/cifar10-rotnet/seed0/early"
    _, start = artifacts.read(imported.root / early / "cifar10.pt")
    assert payload["model"].keys() == start["model"].keys()
    for name, value in start["model"].items():
        assert torch.equal(payload["model"][name], value), name
    assert about["file"]["sha256"] == sha256_of(imported)
    assert about["source"] == "a colleague"
    assert len(about["maker"]) == 12


def test_the_same_ticket_reaches_the_same_accuracy(imported):
    """RotNet's last layer is drawn anew for labels, from the seed: as for the ticket found here."""
    found = imported.result(f"{FOUND}/round02/evaluation-cifar10.json")
    unknown = {"updates": None, "samples": None}  # what lies behind weights of others
    assert imported.result(REPORT) == found | unknown


def test_the_table_has_one_row_with_its_own_density_and_no_round(imported):
    with open(imported.root / "results/tiny/tables/fig1a.csv") as file:
        rows = list(csv.DictReader(file))
    (own,) = [row for row in rows if row["ticket"] == "theirs"]
    (found,) = [row for row in rows if row["curve"] == "RotNet" and row["round"] == "2"]
    assert own["round"] == ""
    for key in ("density", "remaining", "total", "accuracy", "network"):
        assert own[key] == found[key]
    assert {row["round"] for row in rows} == {"", "0", "2"}


def test_nothing_more_is_planned_and_all_is_verified(imported):
    assert imported.plan() == {}
    done = imported.lottery("verify", "results/tiny")
    assert done.returncode == 0, done.stdout
    assert "imported: ok, 1 file" in done.stdout.splitlines()
    assert "tickets/theirs/seed0: ok, 1 file" in done.stdout.splitlines()


def test_the_report_tells_where_it_comes_from(imported):
    with contextlib.chdir(imported.root):
        settings = config.load(["config.yaml", TINY])
        caption = FigureCaption(settings, "config.yaml", "fig1a")
        (own,) = [ticket for ticket in caption.tickets if ticket.name == "theirs"]
        assert own.about["imported"].endswith(sha256_of(imported))
        assert "pruning" not in own.about
        assert caption.stand_ins
        assert len(caption.accuracies) == 1


def test_status_tells_what_is_there(imported, changed):
    def told(project):
        done = project.lottery("status", "fig1a", "--json", "--configfile", TINY)
        assert done.returncode == 0, done.stderr
        (figure,) = json.loads(done.stdout)
        (own,) = [part for part in figure["parts"] if part["of"] == "theirs"]
        return own["there"], own["missing"], own["stale"]

    assert told(imported) == (2, 0, 0)
    (changed.root / PLACE).unlink()
    assert told(changed) == (1, 0, 0), "nothing that runs needs it"
    (changed.root / REPORT).unlink()
    for suffix in ("csv", "json"):
        (changed.root / f"results/tiny/tables/fig1a.{suffix}").unlink()
    (changed.root / FIGURE).unlink()
    assert told(changed) == (0, 2, 0), "both the report and what it is made from"


def test_a_ticket_that_is_not_there_is_told_before_any_job(changed):
    (changed.root / PLACE).unlink()
    assert changed.plan() == {}, "what was made from it stays"
    (changed.root / REPORT).unlink()
    line = (
        f"tickets.theirs: {PLACE} is not there: lottery import FILE --ticket theirs "
        f"--configfile {TINY} (SHA-256 of FILE: {sha256_of(changed)})"
    )
    planned = changed.snakemake(REPORT, "-n", "--configfile", TINY)
    assert planned.returncode == 0
    assert planned.stdout.splitlines().count(line) == 1
    done = changed.snakemake(REPORT, "--cores", "2", "--configfile", TINY)
    assert done.returncode == 1
    assert line in done.stdout
    assert "Traceback" not in done.stdout
    assert not (changed.root / REPORT).exists()
    done = changed.lottery("import", FILE, *HOW)
    assert done.returncode == 0, done.stderr
    changed.run(REPORT)


def test_another_architecture_is_refused_by_name(changed):
    changed.overlay({"architectures": {"cifar-resnet18": {"width": 6}}})
    done = changed.snakemake(REPORT, "--cores", "2", "--configfile", TINY)
    assert done.returncode == 1
    assert f"tickets.theirs: {PLACE}: architecture.width 4 -> 6: lottery import" in done.stdout
    done = changed.lottery("import", FILE, *HOW)
    (line,) = done.stderr.splitlines()
    assert f"{FILE}: as cifar-resnet18: conv1.weight is (4, 3, 3, 3), must be (6, 3, 3" in line


def test_another_file_under_the_same_name_is_evaluated_again(changed):
    before = changed.result(REPORT)
    done = changed.lottery("export", f"{FOUND}/round01", "-o", FILE)
    assert done.returncode == 0, done.stderr
    done = changed.lottery("import", FILE, *HOW)
    assert "its SHA-256 is" in done.stderr
    add(changed, sha256_of(changed))
    done = changed.snakemake(REPORT, "--cores", "2", "--configfile", TINY)
    assert f"{PLACE}: imported.sha256 " in done.stdout
    assert done.returncode == 1
    done = changed.lottery("import", FILE, *HOW)
    assert done.returncode == 0, done.stderr
    assert changed.plan(REPORT) == {"evaluate_imported": 1}
    changed.run(REPORT)
    assert changed.result(REPORT)["density"] > before["density"]
    done = changed.lottery("verify", "results/tiny")
    assert "fig1a" in done.stdout, "the table is of the ticket before"


def test_it_goes_into_packs_and_is_evaluated_elsewhere(imported, tmp_path):
    pack = tmp_path / "fig1a.zip"
    options = ("--results", "results/tiny", "--configfile", TINY, "--tickets", "-o", str(pack))
    done = imported.lottery("pack", "fig1a", *options)
    assert done.returncode == 0, done.stderr
    other = Project.copy(tmp_path / "lottery")
    shutil.copyfile(imported.root / TINY, other.root / TINY)
    done = other.lottery("unpack", str(pack))
    assert done.returncode == 0, done.stderr
    assert (other.root / PLACE).read_bytes() == (imported.root / PLACE).read_bytes()
    assert other.plan() == {}
    (other.root / REPORT).unlink()
    assert other.plan(REPORT)["evaluate_imported"] == 1
    assert other.lottery("verify", "results/tiny").returncode == 0
