"""One training of a result at a time, whatever happens to the process that makes it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lottery.errors import Busy
from lottery.training import lock
from lottery.training.lock import Holder, alone
from tests.conftest import REPOSITORY

HOLDS = """
import sys, time
from lottery.training import lock
lock.BEAT = 0.1
with lock.alone(sys.argv[1]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.1)
    monkeypatch.setattr(lock, "SETTLED", 0.3)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "round01/generation.lock"


@pytest.fixture
def another(path):
    """Starts a process that holds the lock for some seconds; returns it once it does."""
    started = []

    def start(seconds=60.0, environment=None):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(path), str(seconds)],
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def left(path, seconds_ago=0.0, **changes):
    """A lock that somebody left behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**Holder.own()._asdict(), "token": "another", **changes}))
    then = time.time() - seconds_ago
    os.utime(path, (then, then))


def holder(path):
    return json.loads(path.read_text())


def test_it_is_there_while_it_is_held_and_gives_signs_of_life(path):
    with alone(path):
        assert holder(path)["process"] == os.getpid()
        before = path.stat().st_mtime_ns
        time.sleep(0.5)
        assert path.stat().st_mtime_ns > before
    assert not list(path.parent.iterdir())


def test_an_error_releases_it(path):
    with pytest.raises(ZeroDivisionError), alone(path):
        raise ZeroDivisionError
    assert not path.exists()


def test_a_second_process_waits_and_says_for_whom(path, another, capfd):
    process = another(seconds=1)
    began = time.monotonic()
    with alone(path):
        assert time.monotonic() - began > 0.5
        assert process.wait(5) == 0
    assert f"waits: {path}: at work is process {process.pid} on" in capfd.readouterr().err


def test_without_waiting_it_names_who_is_at_work(path, another):
    process = another(environment={"SLURM_JOB_ID": "4711"})
    words = f"at work is process {process.pid} on .*, SLURM job 4711, since 20"
    with pytest.raises(Busy, match=words), alone(path, wait=False):
        pass
    assert path.exists()


def test_that_of_a_killed_process_is_taken_over_at_once(path, another, capfd):
    process = another()
    process.kill()
    process.wait()
    assert path.exists()
    with alone(path, wait=False):
        assert holder(path)["process"] == os.getpid()
    assert f"gone is process {process.pid}" in capfd.readouterr().err


def test_another_process_of_the_same_number_is_not_taken_for_it(path):
    left(path, born="1")
    with alone(path, wait=False):
        pass


def test_on_another_machine_signs_of_life_count(path):
    left(path, host="elsewhere", system="another")
    with pytest.raises(Busy, match="on elsewhere"), alone(path, wait=False):
        pass
    left(path, seconds_ago=lock.BEAT * (lock.DEAD + 1), host="elsewhere", system="another")
    with alone(path, wait=False):
        pass


def test_slurm_says_whether_a_silent_job_is_gone(path, tmp_path, monkeypatch):
    """`squeue` of a cluster that knows job 1, at work, and no other."""
    tool = tmp_path / "bin/squeue"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\ncase $* in *jobs=1\\ *) echo RUNNING ;; *jobs=2\\ *) echo PENDING ;;\n"
        "*) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;; esac\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    silent = {"seconds_ago": lock.BEAT * 4, "host": "elsewhere", "system": "another"}
    left(path, job="1", **silent)
    with pytest.raises(Busy), alone(path, wait=False):
        pass
    for gone in ("2", "3"):
        left(path, job=gone, **silent)
        with alone(path, wait=False):
            pass


def test_a_job_that_slurm_runs_again_on_another_node_takes_its_own_over(path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    left(path, host="elsewhere", system="another", job="4711")
    with alone(path, wait=False):
        pass


def test_a_lock_that_was_never_written_whole_is_taken_over_when_it_is_old(path):
    left(path)
    path.write_text("{")
    with pytest.raises(Busy, match="an unknown machine"), alone(path, wait=False):
        pass
    left(path, seconds_ago=lock.BEAT * (lock.DEAD + 1))
    os.truncate(path, 1)
    os.utime(path, (1, 1))
    with alone(path, wait=False):
        pass


def test_of_several_that_take_over_at_a_time_one_works_after_the_other(path):
    left(path, born="1")
    inside, most = [], []

    def work():
        with alone(path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.2)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_a_process_whose_lock_was_taken_over_is_asked_to_stop(path, another):
    process = another()
    left(path, host="elsewhere", system="another")
    assert process.wait(10) == -signal.SIGTERM
    assert holder(path)["host"] == "elsewhere"  # which it leaves alone
