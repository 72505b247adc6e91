"""What is added to Snakemake's SLURM plugin, with the commands of SLURM that it asks."""

import os

import pytest

from lottery import cluster
from lottery.cluster import Queued, queued

SQUEUE = """#!/bin/sh
[ "$FAILS" ] && { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
case "$*" in *--name=empty*) exit 0 ;; esac
echo '12|PENDING|QOSMaxGRESPerUser'
echo '13|RUNNING|None'
"""


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """A `squeue` that knows two jobs."""
    tool = tmp_path / "squeue"
    tool.write_text(SQUEUE)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_it_tells_no_jobs_from_no_answer(squeue, monkeypatch):
    assert queued("run") == {
        "12": Queued("PENDING", "QOSMaxGRESPerUser"),
        "13": Queued("RUNNING", "None"),
    }
    assert queued("empty") == {}
    monkeypatch.setenv("FAILS", "1")
    assert queued("run") is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert queued("run") is None


class Job:
    """Of Snakemake, as far as it is asked here."""

    def __init__(self, log):
        self.log = [str(log)]


@pytest.mark.parametrize(
    ("said", "hopeless"),
    [
        ("lottery generate: error: the loss is nan at update 3", True),
        ("lottery generate: error: x.pt: damaged\n", True),
        ("lottery generate: unfinished: stopped after 3 of 40 updates", False),
        ("lottery generate: failed: weights.pt: No space left on device", False),
        ("training: epoch 3/10 ...", False),
        ("", False),
    ],
)
def test_a_stage_that_said_why_it_failed_is_not_tried_again(tmp_path, said, hopeless):
    log = tmp_path / "generation.log"
    log.write_text(f"generation of labels: on cpu\n{said}")
    assert cluster._has_said_why(Job(log)) is hopeless


def test_without_a_log_it_is_tried_again(tmp_path):
    assert not cluster._has_said_why(Job(tmp_path / "none.log"))
