"""Whether a job is about to lose its place to another, by what `scontrol` shows of it."""

import os

import pytest

from lottery.training import slurm

SHOWN = "JobId=7 JobName=x JobState={} Reason=None PreemptEligibleTime=2026-11-27T12:52:20 {} x=1"


@pytest.mark.parametrize(
    ("state", "when", "preempted"),
    [
        ("RUNNING", "PreemptTime=2026-11-27T12:52:23", True),
        ("RUNNING", "PreemptTime=None", False),  # its time is up, or somebody sent it a signal
        ("COMPLETING", "PreemptTime=2026-11-27T12:52:23", False),  # it runs again in any case
        ("CANCELLED", "", False),
    ],
)
def test_a_job_that_has_time_to_end_before_another_takes_its_place(
    tmp_path, monkeypatch, state, when, preempted
):
    tool = tmp_path / "scontrol"
    tool.write_text(f"#!/bin/sh\necho '{SHOWN.format(state, when)}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert slurm.preempted() is preempted
    monkeypatch.delenv("SLURM_JOB_ID")
    assert not slurm.preempted()


def test_without_an_answer_it_is_not(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("PATH", "/nowhere")
    assert not slurm.preempted()
