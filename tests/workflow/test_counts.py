"""How many trainings the paper takes, as README.md and docs/running.md say it."""

import json
import re

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.workflow.project import Project

README, RUNNING = (
    " ".join((REPOSITORY / page).read_text().split()) for page in ("README.md", "docs/running.md")
)
FIGURES = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["figures"]
ONE_SEED = {
    "seeds": [0],
    "figures": {name: {"seeds": [0]} for name, entry in FIGURES.items() if "seeds" in entry},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the repository in which nothing has run."""
    return Project.copy(tmp_path_factory.mktemp("counts") / "lottery")


def test_the_whole_paper_and_what_sharing_saves(project):
    done = project.snakemake("all", "-n", "--quiet")
    trainings, unshared = re.search(
        r"([\d,]+) of \1 trainings remain \(([\d,]+) without sharing", done.stdout
    ).groups()
    said = f"takes {trainings} trainings with its seeds where unshared curves would take {unshared}"
    assert said in README
    assert f"takes {trainings} with its seeds ({unshared} if each curve had its own)" in RUNNING


def forecast(project, *arguments):
    """The SLURM jobs, and the trainings if no curves shared any."""
    found = json.loads(project.lottery("forecast", "--json", *arguments).stdout)
    return found["jobs"], found["trainings_without_sharing"]


@pytest.mark.parametrize(
    ("figures", "overlay", "words"),
    [
        ("fig1b", {}, "SLURM jobs, not {jobs:,}"),
        ("fig1b", {"seeds_per_gpu": 6}, "Figure 1b takes {jobs:,} SLURM jobs"),
        ("claims", ONE_SEED, "for one seed ({unshared:,})"),
    ],
    ids=["apart", "six seeds a GPU", "one seed"],
)
def test_what_parts_of_it_take(project, figures, overlay, words):
    (project.root / "mine.yaml").write_text(yaml.safe_dump(overlay or {"scale": "paper"}))
    target = f"figures/{figures}.{'md' if figures == 'claims' else 'pdf'}"
    jobs, unshared = forecast(project, target, "--configfile", "mine.yaml")
    assert words.format(jobs=jobs, unshared=unshared) in RUNNING


def test_every_round(project):
    done = project.snakemake("all", "-n", "--quiet", "--configfile", "config/every-round.yaml")
    trainings = re.search(r"([\d,]+) of \1 trainings remain", done.stdout)[1]
    assert f"all 31 rounds evaluated ({trainings} trainings)" in RUNNING
