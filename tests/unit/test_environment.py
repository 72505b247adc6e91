"""One environment, pinned once."""

import re
import tomllib

import yaml

from tests.conftest import REPOSITORY


def test_conda_and_pip_pin_the_same():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    conda = yaml.safe_load((REPOSITORY / "environment.yml").read_text())["dependencies"]
    (pip,) = (entry["pip"] for entry in conda if isinstance(entry, dict))
    assert [line for line in pip if "==" in line] == project["dependencies"]


def test_every_dependency_is_pinned_exactly():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for line in project["dependencies"] + extras:
        assert re.fullmatch(r"[\w.-]+==[\w.]+(; sys_platform == 'linux')?", line), line
