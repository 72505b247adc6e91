"""Snakemake's own linter, where it has a point."""

import re
import subprocess
import sys

from tests.conftest import REPOSITORY

# All rules run in the one environment of environment.yml, which snakemake itself runs in.
ACCEPTED = {"Specify a conda environment or container for each rule."}


def test_the_workflow_lints_clean():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    titles = set(re.findall(r"^    \* (.*):$", done.stdout, re.MULTILINE))
    assert titles == ACCEPTED, done.stdout
