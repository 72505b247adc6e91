"""One finished run that the tests look into or continue from copies of."""

import os

import pytest
from filelock import FileLock

from tests.workflow.project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the repository in which the tiny figure has been drawn. Do not change it.

    It is made once for all of pytest's processes.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project, done = Project(shared / "finished/lottery"), shared / "finished/done"
    with FileLock(shared / "finished.lock"):
        if not done.exists():
            Project.copy(project.root)
            project.run()
            done.touch()
    return project


@pytest.fixture
def edited(finished, tmp_path):
    """A copy of the finished run, to edit."""
    return finished.clone(tmp_path / "lottery")


@pytest.fixture
def sent(finished, tmp_path):
    """The finished run's results in a fresh clone, to edit."""
    return finished.sent(tmp_path / "elsewhere")


@pytest.fixture
def untouched(tmp_path):
    """A copy of the repository in which nothing has run."""
    return Project.copy(tmp_path / "lottery")
