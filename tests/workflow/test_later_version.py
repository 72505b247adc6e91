"""The plan of config/v2.yaml, whole."""

import re

from tests.conftest import REPOSITORY
from tests.workflow.project import Project

OVERLAY = "config/v2.yaml"


def test_the_plan_has_as_many_trainings_as_the_overlay_says(tmp_path):
    done = Project.copy(tmp_path / "lottery").snakemake("all", "-n", "--configfile", OVERLAY)
    assert done.returncode == 0, done.stdout
    planned = re.search(r"([\d,]+) of \1 trainings remain", done.stdout)[1]
    opening = (REPOSITORY / OVERLAY).read_text().split("\n\n")[0]
    assert f"{planned} trainings" in opening.replace("\n# ", " ")
    assert planned == "3,009"
