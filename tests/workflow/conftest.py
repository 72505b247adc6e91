"""One finished run that the tests look into or continue from copies of."""

import pytest

from tests.workflow.project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the repository in which the tiny figure has been drawn. Do not change it."""
    project = Project.copy(tmp_path_factory.mktemp("finished") / "lottery")
    project.run()
    return project


@pytest.fixture
def edited(finished, tmp_path):
    """A copy of the finished run, to edit."""
    return finished.clone(tmp_path / "lottery")


@pytest.fixture
def untouched(tmp_path):
    """A copy of the repository in which nothing has run."""
    return Project.copy(tmp_path / "lottery")
