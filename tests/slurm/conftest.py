"""These tests start a real SLURM cluster and take minutes: they run only when asked for."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workflow.project import Project

from .cluster import Call

HERE = Path(__file__).resolve().parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slurm: needs a SLURM cluster of its own; takes minutes")
    config.addinivalue_line("markers", "quick: of these, what every change is held against")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect this folder for `pytest tests/slurm` or `pytest -m slurm` only."""
    named = [Path(arg.split("::")[0]).resolve() for arg in config.invocation_params.args]
    asked = "slurm" in config.option.markexpr or any(
        path == HERE or HERE in path.parents for path in named
    )
    return None if asked else True


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A running cluster. One that was up before the tests stays up after them."""
    script = str(HERE / "cluster.sh")
    check = subprocess.run([script, "check"], capture_output=True, text=True, timeout=60)
    if check.returncode:
        pytest.skip(check.stderr.strip())
    was_up = subprocess.run([script, "status"], capture_output=True, timeout=60).returncode == 0
    try:
        if not was_up:
            subprocess.run([script, "up"], check=True, timeout=300)
        yield
    finally:
        if not was_up:
            subprocess.run([script, "wipe"], check=True, timeout=120)


@pytest.fixture(scope="session")
def new_clone(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a fresh clone, with the edits that are not committed yet."""

    def make() -> Path:
        return Project.copy(tmp_path_factory.mktemp("clone") / "lottery").root

    return make


@pytest.fixture
def clone(new_clone: Callable[[], Path]) -> Path:
    """A fresh clone."""
    return new_clone()


@pytest.fixture
def call(clone: Path) -> Iterator[Callable[[str], Call]]:
    """Types a command at the clone's root. What still runs at the end of the test is ended."""
    calls: list[Call] = []

    def start(command: str) -> Call:
        calls.append(Call(command, clone))
        return calls[-1]

    yield start
    for each in calls:
        each.end()
