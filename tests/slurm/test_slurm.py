"""The workflow on a real SLURM cluster: what a user types, and what goes wrong on clusters.

`pytest tests/slurm`, as root, with the Debian packages that `cluster.sh check` names.
"""

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from .cluster import CONFIG, Call, Stage, configured, daemon, nodes, query, stages, until

pytestmark = pytest.mark.slurm

Type = Callable[[str], Call]

TRAININGS = {"generate_dense", "generate", "evaluate_dense", "evaluate"}
TINY = "figures/tiny/fig1a.pdf --configfile config/demo.yaml tests/slurm/tiny.yaml"


@pytest.mark.quick
def test_demo_figure(clone: Path, call: Type) -> None:
    """Every stage is a SLURM job that gets what its rule asks for; trainings get one GPU each."""
    overlays = "--configfile config/demo.yaml config/first.yaml --config seeds=[0]"
    run = call(f"snakemake --profile slurm figures/demo/fig1a.pdf {overlays}")
    visible: dict[str, str | None] = {}
    end = time.monotonic() + 15 * 60
    while run.running and time.monotonic() < end:
        # What each stage's own process was given.
        visible.update((s.job, s.environment.get("CUDA_VISIBLE_DEVICES")) for s in stages_of(run))
        time.sleep(0.3)
    assert run.wait(1) == 0, run.output
    assert (clone / "figures/demo/fig1a.pdf").stat().st_size > 0

    jobs, requests = run.jobs(), run.requests()
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert Counter(job.rule for job in jobs) == run.planned()
    for job in jobs:
        assert job.got == requests[job.id], f"{job.rule}, SLURM job {job.id}"
        assert job.got.gpus == (1 if job.rule in TRAININGS else 0)

    trained = {job.id for job in jobs if job.rule in TRAININGS}
    assert len(visible.keys() & trained) >= 0.9 * len(trained), "looked too rarely"
    assert not any(visible[job] for job in visible.keys() - trained)
    assert {visible[job] for job in visible.keys() & trained} == {"0", "1"}


def test_seeds_share_a_gpu_and_its_job(clone: Path, call: Type, undisturbed: pd.DataFrame) -> None:
    """Half of the jobs, trainings side by side, masks behind them, and the same results."""
    run = call(f"snakemake --profile slurm {TINY} --config seeds=[0,1] seeds_per_gpu=2")
    together: Counter[str | None] = Counter()
    end = time.monotonic() + 8 * 60
    while run.running and time.monotonic() < end:
        found = Counter(s.job for s in stages_of(run, "generate", "evaluate"))
        together |= found  # of each job the most at a time
        time.sleep(0.3)
    assert run.wait(1) == 0, run.output

    jobs = [job for job in run.jobs() if job.got.gpus]
    planned = sum(run.planned().get(rule, 0) for rule in TRAININGS)
    assert len(jobs) == planned / 2
    assert {job.got.gpus for job in jobs} == {1}
    assert {job.state for job in run.jobs()} == {"COMPLETED"}
    assert [together[job.id] for job in jobs] == [2] * len(jobs)
    found = table(clone)
    assert set(found["seed"]) == {0, 1}
    assert found[found["seed"] == 0].reset_index(drop=True).equals(undisturbed)


def test_paper_figure(clone: Path, call: Type) -> None:
    """The README's command: it says what is missing, then submits, and Ctrl-C takes all back."""
    command = "snakemake --profile slurm figures/fig1a.pdf"
    config = clone / "config.yaml"
    text = config.read_text()
    for found, instead in (
        (r"format: cifar10\b([\s\S]*?)train_images: 50000", r"format: folder\1train_images: 600"),
        # Else some hundred random masks, which wait for nothing, keep this one node busy at first.
        (r"evaluated_rounds: .*", "evaluated_rounds: [0, 30]"),
    ):
        text, edits = re.subn(found, instead, text)
        assert edits == 1
    config.write_text(text)

    run = call(command)
    assert run.wait(60) != 0
    complaints = [line for line in run.output.splitlines() if "datasets.cifar10.root" in line]
    assert len(complaints) == 1, run.output
    assert "no folder data/cifar10" in complaints[0]
    assert "cifar-10-python.tar.gz" in complaints[0]
    assert not run.jobs()

    make_image_folder(clone / "data/cifar10")
    run = call(command)
    until(lambda: len(stages_of(run, "generate", "evaluate")) == 2, 420, "two trainings run")
    until(lambda: settled(run), 60, "all jobs that can be submitted are")
    waiting = set(run.queued())
    assert len(waiting) > 2, run.output
    assert {job.asked_gpus for job in run.jobs() if job.id in waiting} == {1}

    run.interrupt()
    assert run.wait(120) != 0
    until(lambda: not run.queued(), 60, "the queue is empty")
    # Each finishes its update first: of a network as wide as the paper's, on a CPU, a minute.
    until(lambda: not stages_of(run), 240, "no stage runs on")
    ended = {job.id: (job.rule in TRAININGS, job.state) for job in run.jobs()}
    assert {ended.pop(job) for job in waiting} == {(True, "CANCELLED")}
    assert set(ended.values()) == {(False, "COMPLETED")}  # images, subset
    assert_unlocked(clone)


def test_cancelled_training(clone: Path, call: Type, undisturbed: pd.DataFrame) -> None:
    """`scancel` of a running training costs a retry, which goes on, and changes no result."""
    run = call(f"snakemake --profile slurm {TINY}")
    victim = first_training(run, clone)
    query("scancel", str(victim.job))
    status = run.wait(300)
    assert {job.id: job.state for job in run.jobs()}[str(victim.job)] == "CANCELLED"
    if status != 0:
        run = call(f"snakemake --profile slurm {TINY}")
        assert run.wait(300) == 0, run.output
    assert "resumes from" in training_log(clone).read_text()
    assert table(clone).equals(undisturbed)


def test_time_limit(clone: Path, call: Type, undisturbed: pd.DataFrame) -> None:
    """A training that hangs until its time is up: a failure that says so, then a clean finish."""
    short = "--set-resources generate_dense:runtime=1 mask:runtime=1 --retries 0"
    run = call(f"snakemake --profile slurm {short} {TINY}")
    os.kill(first_training(run, clone).pid, signal.SIGSTOP)
    assert run.wait(300) != 0
    assert "SLURM status is: 'TIMEOUT'" in run.output
    assert "DUE TO TIME LIMIT" in run.output  # from SLURM's log of the job
    assert [job.state for job in run.jobs()] == ["COMPLETED", "COMPLETED", "TIMEOUT"]
    assert_unlocked(clone)

    run = call(f"snakemake --profile slurm {TINY}")
    assert run.wait(300) == 0, run.output
    assert "subset" not in run.planned()  # what was done is kept
    assert table(clone).equals(undisturbed)


def test_a_training_longer_than_its_job(clone: Path, call: Type) -> None:
    """Two GPUs, a minute a job: it saves its state, and SLURM runs the same job again."""
    (clone / "long.yaml").write_text(LONG)
    run = call(f"snakemake --profile slurm --retries 0 {TINY} long.yaml")
    first_training(run, clone)
    processes = stages_of(run, "generate")  # the launcher and those that it launched
    assert len(processes) == 3
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            os.kill(process.pid, number)
        if number == signal.SIGSTOP:
            time.sleep(90)
    assert run.wait(600) == 0, run.output
    jobs = {job.rule: job for job in run.jobs()}
    assert {job.state for job in run.jobs()} == {"COMPLETED"}
    dense = jobs["generate_dense"]
    assert dense.asked_gpus == 2
    runs = states_of(dense.id)
    assert runs.count("REQUEUED") >= 1
    assert runs[-1] == "COMPLETED"
    said = training_log(clone).read_text()
    assert "on 2 x cpu" in said
    assert "resumes from" in said
    assert not list(clone.rglob("*-unfinished"))


def test_a_shared_job_whose_time_is_up_runs_again(clone: Path, call: Type) -> None:
    """What is done stays as it is; what is not saves its state and resumes."""
    (clone / "long.yaml").write_text(SHARED)
    run = call(f"snakemake --profile slurm --retries 0 {TINY} long.yaml")
    logs = [training_log(clone, seed) for seed in (0, 1)]
    until(
        lambda: all(log.exists() and "epoch 1/" in log.read_text() for log in logs),
        240,
        "both trainings are past their first epochs",
    )
    began = time.monotonic()
    victim = stages_of(run, "generate")[0]
    os.kill(victim.pid, signal.SIGSTOP)
    try:
        reports = clone / "results/tiny/dense"
        until(lambda: list(reports.rglob("generation.json")), 80, "the other training ends")
        (done,) = reports.rglob("generation.json")
        report = done.read_bytes()
        time.sleep(max(0, began + 95 - time.monotonic()))
    finally:
        os.kill(victim.pid, signal.SIGCONT)
    assert run.wait(600) == 0, run.output
    (job,) = (job for job in run.jobs() if job.got.gpus)
    runs = states_of(job.id)
    assert runs.count("REQUEUED") >= 1
    assert runs[-1] == "COMPLETED"
    said = [log.read_text() for log in logs]
    assert sorted("resumes from" in each for each in said) == [False, True]
    assert sorted("made meanwhile" in each for each in said) == [False, True]
    assert done.read_bytes() == report
    assert not list(clone.rglob("*-unfinished"))


@pytest.mark.quick
def test_a_killed_snakemake_leaves_nothing_that_is_trained_twice(
    clone: Path, call: Type, undisturbed: pd.DataFrame
) -> None:
    """Its jobs run on; the same command again meets their lock and goes back into the queue."""
    first = call(f"snakemake --profile slurm {TINY}")
    first_training(first, clone)
    first.kill()
    again = call(f"snakemake --unlock {TINY}")
    assert again.wait(60) == 0, again.output
    again = call(f"snakemake --profile slurm {TINY}")
    assert again.wait(420) == 0, again.output
    assert table(clone).equals(undisturbed)
    assert "made meanwhile by another process" in training_log(clone).read_text()
    assert not list((clone / "results").rglob("*.lock"))


def test_a_job_that_slurm_has_forgotten_is_judged_by_its_results(
    clone: Path, call: Type, undisturbed: pd.DataFrame, forgetful: None
) -> None:
    """A login node that stands still for longer than `MinJobAge`."""
    run = call(f"snakemake --profile slurm {TINY}")
    first_training(run, clone)
    run.send(signal.SIGSTOP)
    until(lambda: not run.queued(), 120, "the training has ended")
    number = max(run.submitted(), key=int)
    until(lambda: number not in query("squeue", "-ht", "all", "-o", "%i"), 240, "it is forgotten")
    run.send(signal.SIGCONT)
    assert run.wait(300) == 0, run.output
    assert f"SLURM has forgotten job {number}; its results are there: done" in run.output
    assert table(clone).equals(undisturbed)


def test_submissions_wait_for_a_controller_that_is_away(
    clone: Path, call: Type, undisturbed: pd.DataFrame
) -> None:
    """45 seconds without slurmctld, which would use up both tries."""
    run = call(f"snakemake --profile slurm {TINY}")
    first_training(run, clone)
    daemon("slurmctld", "stop")
    try:
        until(lambda: not stages_of(run), 120, "the training has ended")
        time.sleep(45)
    finally:
        daemon("slurmctld", "start")
    assert run.wait(420) == 0, run.output
    assert table(clone).equals(undisturbed)
    # A step of the job that was under way may have failed; its training is not made again.
    if "Trying to restart" in run.output:
        assert "made meanwhile" in training_log(clone).read_text()


@pytest.mark.parametrize("limit", ["looked at", "cgroup"])
def test_a_training_out_of_memory_is_tried_again_with_more(
    clone: Path, call: Type, undisturbed: pd.DataFrame, limit: str, request: pytest.FixtureRequest
) -> None:
    """It shares its job with a mask, and SLURM calls the job FAILED, not OUT_OF_MEMORY."""
    if limit == "cgroup":
        request.getfixturevalue("cgroups")
    resources = clone / "workflow/common/resources.smk"
    text, edits = re.subn(r"return 6000 \+", "return 480 +", resources.read_text())
    assert edits == 1
    resources.write_text(text)  # of what a process of the tiny figure needs, two thirds
    others = "--set-resources images:mem_mb=4000 subset:mem_mb=4000 mask:mem_mb=480 --retries 1"
    run = call(f"snakemake --profile slurm {others} {TINY}")
    assert run.wait(420) == 0, run.output
    tries = [(job.state, job.got.mem_mb) for job in run.jobs() if job.rule in TRAININGS]
    assert tries[:2] == [("FAILED", 481), ("COMPLETED", 962)]
    assert "It ended for the want of mem_mb, of which it had 481." in run.output
    assert "--set-resources generate_dense:mem_mb=1924" in run.output
    assert table(clone).equals(undisturbed)


@pytest.mark.parametrize("grace", [0, 30])
def test_a_preempted_training_goes_on_when_its_gpu_is_free_again(
    clone: Path, call: Type, undisturbed: pd.DataFrame, grace: int
) -> None:
    """By a partition of higher priority, with and without time to save a checkpoint."""
    run = call(f"snakemake --profile slurm --retries 0 {TINY}")
    job = str(first_training(run, clone).job)
    query("scontrol", "update", "partition=gpu", f"GraceTime={grace}")
    query("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=sleep 10")
    until(lambda: job not in running(), 60, "it has made room")
    query("scontrol", "update", "partition=gpu", "GraceTime=0")
    assert run.wait(420) == 0, run.output
    # With time to end SLURM calls a job that ends by itself FAILED: it asks to be run again.
    assert states_of(job) == ["REQUEUED" if grace else "PREEMPTED", "COMPLETED"]
    assert len(run.jobs()) == sum(run.planned().values())
    if grace:
        assert "resumes from" in training_log(clone).read_text()
    assert table(clone).equals(undisturbed)


def test_a_node_that_goes_down_and_comes_back(
    clone: Path, call: Type, undisturbed: pd.DataFrame
) -> None:
    """Its processes run on without a slurmd, and meet the same job, run again."""
    run = call(f"snakemake --profile slurm --retries 0 {TINY}")
    job = str(first_training(run, clone).job)
    node = query("sinfo", "-h", "-o", "%N").strip()
    daemon("slurmd", "stop")
    try:
        query("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        until(lambda: job not in running(), 60, "its job is not at work")
        time.sleep(5)
        assert stages_of(run, "generate")  # nobody has told it
    finally:
        daemon("slurmd", "start")  # which says that the node is up again
    assert run.wait(420) == 0, run.output
    assert states_of(job) == ["NODE_FAIL", "COMPLETED"]
    assert len(run.jobs()) == sum(run.planned().values())
    assert table(clone).equals(undisturbed)


def test_a_cluster_without_accounting(
    clone: Path, call: Type, undisturbed: pd.DataFrame, unaccounted: None
) -> None:
    """Neither the end of a job nor an account is asked of what is not there."""
    run = call(f"snakemake --profile slurm {TINY}")
    query("scancel", str(first_training(run, clone).job))
    assert run.wait(420) == 0, run.output
    assert "SLURM status is: 'CANCELLED'" in run.output
    assert "resumes from" in training_log(clone).read_text()
    assert table(clone).equals(undisturbed)


@pytest.mark.parametrize("forgotten", [False, True])
def test_results_that_a_shared_file_system_shows_late(
    clone: Path,
    call: Type,
    undisturbed: pd.DataFrame,
    forgotten: bool,
    request: pytest.FixtureRequest,
) -> None:
    """Those of a job that has ended, 20 seconds after snakemake looks for them."""
    if forgotten:
        request.getfixturevalue("forgetful")
    run = call(f"snakemake --profile slurm {TINY}")
    first_training(run, clone)
    run.send(signal.SIGSTOP)
    until(lambda: not run.queued(), 120, "the training has ended")
    number = max(run.submitted(), key=int)
    if forgotten:
        until(lambda: number not in query("squeue", "-ht", "all", "-o", "%i"), 240, "forgotten")
    place = training_log(clone).parent
    results = clone / "results/tiny" / place.relative_to(clone / "results/tiny/logs")
    results.rename(results.with_name("unseen"))
    run.send(signal.SIGCONT)
    if not forgotten:
        until(lambda: "Waiting at most" in run.output, 60, "it looks for the results")
    time.sleep(20)
    results.with_name("unseen").rename(results)
    assert run.wait(420) == 0, run.output
    assert len(run.jobs()) == sum(run.planned().values())
    assert table(clone).equals(undisturbed)


def test_a_training_on_two_nodes_learns_what_it_learns_on_one(
    clone: Path, call: Type, new_clone: Callable[[], Path], two_nodes: None
) -> None:
    """A process on one of them is killed, and SLURM runs the next try of its job again."""
    alone = new_clone()
    for folder, gpus in ((alone, 1), (clone, 2)):
        (folder / "nodes.yaml").write_text(NODES.format(gpus))
    reference = Call(f"snakemake --cores 2 {TINY} nodes.yaml", alone)
    run = call(f"snakemake --profile slurm {TINY} nodes.yaml")
    try:
        first_training(run, clone)
        assert {s.environment["SLURMD_NODENAME"] for s in stages_of(run, "generate")} == {
            "n1",
            "n2",
        }
        until(lambda: list(clone.rglob("*-unfinished/update*")), 60, "a checkpoint is saved")
        os.kill(trained_on(run, "n2").pid, signal.SIGKILL)
        until(lambda: not stages_of(run), 60, "both nodes have stopped")
        said = training_log(clone).read_text()
        assert "was killed by SIGKILL" in said or "lost the other processes" in said
        until(lambda: stages_of(run, "generate") and resumed(clone), 180, "it is tried again")
        job = str(stages_of(run, "generate")[0].job)
        query("scontrol", "requeue", job)
        assert run.wait(500) == 0, run.output
        assert reference.wait(300) == 0, reference.output
    finally:
        reference.end()
    assert states_of(job) == ["REQUEUED", "COMPLETED"]
    said = training_log(clone).read_text()
    assert "on 2 x cpu" in said
    assert "resumes from" in said
    losses, expected = (
        [
            epoch["loss"]
            for path in sorted((root / "results/tiny").rglob("generation.json"))
            for epoch in json.loads(path.read_text())["result"]["epochs"]
        ]
        for root in (clone, alone)
    )
    assert len(losses) == 40
    for at in (0, 20):  # Adam enlarges rounding: at first the two trainings are the same but for it
        assert losses[at] == pytest.approx(expected[at], rel=1e-3)
    assert losses == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("slurm_partition=nowhere", "invalid partition specified: nowhere"),
        ("slurm_account=nobody", "The given account nobody appears to be invalid."),
        ("qos=none", "Invalid qos specification"),
        ("gpu=9", "Requested node configuration is not available"),
        ("mem_mb=9000000", "Memory specification can not be satisfied"),
    ],
)
def test_what_a_cluster_does_not_have_is_one_clear_line(
    prepared: Path, asked: str, said: str
) -> None:
    """It names the rule, what was asked for, and what SLURM says of it."""
    wanted = f"--set-resources generate_dense:{asked} mask:{asked} --retries 0"
    run = Call(f"snakemake --profile slurm {wanted} {TINY}", prepared)
    try:
        assert run.wait(60) != 0
    finally:
        run.end()
    lines = [line for line in run.output.splitlines() if said in line]
    assert len(lines) == 1, run.output
    assert asked.split("=")[1] in lines[0]
    assert "generate_dense" in lines[0]
    assert "Traceback" not in run.output
    assert "sbatch call" not in run.output
    assert_unlocked(prepared)


def test_a_limit_that_keeps_a_job_waiting_is_told(prepared: Path) -> None:
    """SLURM takes a job that is longer than its partition allows, and never starts it."""
    wanted = "--set-resources generate_dense:runtime=9000 mask:runtime=9 --retries 0"
    run = Call(f"snakemake --profile slurm {wanted} {TINY}", prepared)
    try:
        until(lambda: "waits and may never start" in run.output, 200, "it says so")
        run.interrupt()
        assert run.wait(60) != 0
    finally:
        run.end()
    assert "(generate_dense + mask) waits and may never start: PartitionTimeLimit" in run.output


def test_a_profile_that_is_not_there_is_told(clone: Path) -> None:
    """From another folder than the clone's."""
    run = Call(f"snakemake --profile slurm --snakefile {clone / 'Snakefile'}", clone / "docs")
    assert run.wait(60) != 0
    lines = [line for line in run.output.splitlines() if "Error: profile" in line]
    assert len(lines) == 1, run.output
    assert "(slurm)" in lines[0]
    assert "Traceback" not in run.output


NODES = """
max_gpus: {}
gpus_per_node: 1
checkpoint_minutes: 0.05
recipes: {{cifar10-labels: {{micro_batches: 2}}}}
"""
LONG = """
max_minutes: 3 # of which the second half is for saving
max_gpus: 2
recipes: {cifar10-labels: {micro_batches: 2, epochs: 40}}
pruning: {evaluated_rounds: [0]}
"""


SHARED = """
seeds: [0, 1]
seeds_per_gpu: 2
max_minutes: 3 # of which the second half is for saving
recipes: {cifar10-labels: {epochs: 40}}
pruning: {evaluated_rounds: [0]}
"""


@pytest.fixture(scope="module")
def undisturbed(new_clone: Callable[[], Path]) -> pd.DataFrame:
    """The table of the tiny figure, made without SLURM."""
    clone = new_clone()
    run = Call(f"snakemake --cores 2 {TINY}", clone)
    try:
        assert run.wait(300) == 0, run.output
    finally:
        run.end()
    return table(clone)


@pytest.fixture
def forgetful(cluster: None) -> Iterator[None]:
    """The cluster forgets jobs a minute after their end."""
    minimum("65")
    yield
    minimum("300")


@pytest.fixture
def unaccounted(cluster: None) -> Iterator[None]:
    """The cluster keeps no accounts, and knows nobody's."""
    with configured(
        AccountingStorageType="accounting_storage/none",
        AccountingStorageHost=None,
        AccountingStorageTRES=None,
        AccountingStoreFlags=None,
        AccountingStorageEnforce=None,
    ):
        yield


@pytest.fixture(scope="module")
def prepared(new_clone: Callable[[], Path]) -> Path:
    """A clone in which the next job is the dense training with its mask."""
    clone = new_clone()
    data = "results/tiny/subsets/cifar10/all.pt"
    run = Call(f"snakemake --cores 2 {TINY.replace(TINY.split()[0], data)}", clone)
    assert run.wait(120) == 0, run.output
    return clone


@pytest.fixture
def two_nodes(cluster: None) -> Iterator[None]:
    """Two hosts with a GPU each."""
    with nodes("n1", "n2"):
        yield


@pytest.fixture
def cgroups(cluster: None) -> Iterator[None]:
    """The kernel ends processes that take too much memory."""
    if not os.access("/sys/fs/cgroup/memory", os.W_OK):
        pytest.skip("no memory cgroups (v1) to be written")
    limits = CONFIG.resolve().with_name("cgroup.conf")
    limits.write_text("CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n")
    with configured(
        ProctrackType="proctrack/cgroup",
        TaskPlugin="task/cgroup",
        JobAcctGatherType="jobacct_gather/cgroup",
        JobAcctGatherParams="NoShared",
    ):
        yield


def minimum(seconds: str) -> None:
    """Set `MinJobAge`."""
    config = CONFIG.resolve()
    config.write_text(re.sub(r"MinJobAge=\d+", f"MinJobAge={seconds}", config.read_text()))
    query("scontrol", "reconfigure")


def table(clone: Path) -> pd.DataFrame:
    """The tiny figure's table; how long a training took is no result."""
    return pd.read_csv(clone / "results/tiny/tables/fig1a.csv").drop(columns="seconds")


def stages_of(run: Call, *names: str) -> list[Stage]:
    """The stages of a call, or those of some names, that run right now."""
    own = set(run.submitted())
    return [s for s in stages() if s.job in own and (not names or s.name in names)]


def first_training(run: Call, clone: Path) -> Stage:
    """The dense training, once it has begun to learn."""
    found: list[Stage] = []

    def learning() -> bool:
        found[:] = stages_of(run, "generate")
        log = training_log(clone)
        return bool(found) and log.exists() and "epoch 1/" in log.read_text()

    until(learning, 240, "the first training is past its first epoch")
    return found[0]


def training_log(clone: Path, seed: int = 0) -> Path:
    """What the dense training says."""
    logs = clone / "results/tiny/logs/dense/cifar10/all/cifar-resnet18/labels/cifar10-labels"
    return logs / f"seed{seed}/generation.log"


def states_of(job: str) -> list[str]:
    """How a job ended each time that SLURM ran it."""
    since = ["-S", "now-1days"]
    return query("sacct", "-nXPD", *since, f"--jobs={job}", "--format=State").split()


def running() -> list[str]:
    """Numbers of the jobs that are at work."""
    return query("squeue", "-h", "-t", "RUNNING,COMPLETING", "-o", "%i").split()


def resumed(clone: Path) -> bool:
    """Whether the dense training goes on from a checkpoint."""
    log = training_log(clone)
    return log.exists() and "resumes from" in log.read_text()


def trained_on(run: Call, node: str) -> Stage:
    """The process that trains on a node, not what launched it."""
    return next(
        s
        for s in stages_of(run, "generate")
        if s.environment["SLURMD_NODENAME"] == node and "RANK" in s.environment
    )


def settled(run: Call) -> bool:
    """No job was submitted for five seconds."""
    before = run.submitted()
    time.sleep(5)
    return run.submitted() == before


def assert_unlocked(clone: Path) -> None:
    """The next call is not in the way of this one's lock."""
    assert not list((clone / ".snakemake/locks").glob("*"))


def make_image_folder(root: Path) -> None:
    """Ten classes of small plain images, in the place of CIFAR-10."""
    for split, count in (("train", 60), ("test", 10)):
        for label in range(10):
            folder = root / split / f"class{label}"
            folder.mkdir(parents=True)
            for number in range(count):
                colour = (25 * label, 4 * number, 100)
                Image.new("RGB", (32, 32), colour).save(folder / f"{number}.png")
