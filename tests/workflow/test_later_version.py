"""The plan of config/v2.yaml, whole, and of each of its figures."""

import re

import pytest

from tests.conftest import REPOSITORY
from tests.workflow.project import Project

OVERLAY = "config/v2.yaml"


@pytest.mark.parametrize(
    ("target", "trainings", "words"),
    [
        ("all", "3,009", "3,009 trainings"),
        ("figures/v2/v2-cifar10.pdf", "2,304", "2,304 on CIFAR-10"),
        ("figures/v2/v2-imagenet.pdf", "705", "705 on ImageNet"),
    ],
)
def test_the_plan_has_as_many_trainings_as_the_overlay_says(tmp_path, target, trainings, words):
    done = Project.copy(tmp_path / "lottery").snakemake(target, "-n", "--configfile", OVERLAY)
    assert done.returncode == 0, done.stdout
    assert re.search(r"([\d,]+) of \1 trainings remain", done.stdout)[1] == trainings
    opening = (REPOSITORY / OVERLAY).read_text().split("\n\n")[0]
    assert words in opening.replace("\n# ", " ")
