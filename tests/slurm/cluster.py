"""What the tests ask of SLURM, of the node and of a call of snakemake."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Request(NamedTuple):
    """What a job is to have, or has."""

    minutes: int
    cpus: int
    mem_mb: int
    gpus: int


class Job(NamedTuple):
    """A job as SLURM's accounting has it."""

    id: str
    rule: str
    state: str
    got: Request
    asked_gpus: int


class Stage(NamedTuple):
    """A process `python -m lottery STAGE` that is running on this machine."""

    pid: int
    name: str
    environment: dict[str, str]

    @property
    def job(self) -> str | None:
        """The SLURM job it belongs to."""
        return self.environment.get("SLURM_JOB_ID")


class Call:
    """A command, typed at the root of a clone."""

    def __init__(self, command: str, folder: Path) -> None:
        self._log = folder.parent / f"call-{time.monotonic_ns()}.log"
        environment = dict(
            os.environ,
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            PYTHONPATH=str(folder),  # the clone's package, not the one that is installed
        )
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                shell=True,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that interrupt() reaches all of it, as Ctrl-C does
                # A background job of a shell ignores Ctrl-C, and so would its children.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def run(self) -> str:
        """The plugin's name for this run; all its SLURM jobs carry it."""
        found = re.search(r"SLURM run ID: (\S+)", self.output)
        return found[1] if found else ""

    def wait(self, seconds: float) -> int:
        """Its exit status.

        Raises: subprocess.TimeoutExpired if it hangs.
        """
        return self._process.wait(seconds)

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.killpg(self._process.pid, signal.SIGINT)

    def send(self, number: int) -> None:
        """A signal to snakemake."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End snakemake, and none of its jobs, as a login node does that goes down."""
        self.send(signal.SIGKILL)
        self._process.wait(60)

    def end(self) -> None:
        """Leave nothing of it behind, whatever happened."""
        if self.running:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(60)
        if self.run:
            query("scancel", f"--name={self.run}")

    def planned(self) -> dict[str, int]:
        """How many SLURM jobs of each rule the workflow announced at its start.

        Masks ride: of found tickets with the trainings before them, random ones with evaluations.
        """
        table = self.output.split("Job stats:")[1].split("total")[0]
        counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.M)}
        local = {
            "mask",
            "random_mask",
            "adjusted_random_mask",
            "shuffled_mask",
            "reinitialised_mask",
            *re.findall(r"^localrule (\w+):$", self.output, re.M),
        }
        return {rule: n for rule, n in counts.items() if rule not in local}

    def submitted(self) -> dict[str, str]:
        """Snakemake's number, or that of a group of jobs, of each SLURM job, by SLURM's."""
        line = r"^Job (\S+) has been submitted with SLURM jobid (\d+)"
        return {slurm: own for own, slurm in re.findall(line, self.output, re.M)}

    def requests(self) -> dict[str, Request]:
        """What each SLURM job asks for, as snakemake logged its rule, or the rules of its group."""
        wanted: dict[str, Request] = {}
        single: dict[str, Request] = {}
        groups: dict[str, list[Request]] = {}
        group: list[Request] = []
        grouped, number, threads = False, "", 1
        for line in self.output.splitlines():
            if match := re.search(r"\] Group job (\S+) ", line):
                group = groups[match[1]] = []
            elif match := re.match(r"( *)rule \w+:$", line):
                grouped, threads = bool(match[1]), 1
            elif match := re.match(r" +jobid: (\d+)$", line):
                number = match[1]
            elif match := re.match(r" +threads: (\d+)$", line):
                threads = int(match[1])
            elif match := re.match(r" +resources: (.*runtime=.*)$", line):
                asked = dict(re.findall(r"(\w+)=([^,]+)", match[1]))
                minutes, mem_mb, gpus = (
                    int(asked.get(name, 0)) for name in ("runtime", "mem_mb", "gpu")
                )
                request = Request(minutes, threads, mem_mb, gpus)
                if grouped:
                    group.append(request)
                else:
                    single[number] = request
            elif match := re.match(r"Job (\S+) has been submitted with SLURM jobid (\d+)", line):
                folder = re.search(r"/group_([^/]+)/\d+\.log", line)  # the group and its rules
                own = [name for name in groups if folder and folder[1].startswith(f"{name}_")]
                wanted[match[2]] = _together(groups[own[0]]) if own else single[match[1]]
        return wanted

    def jobs(self) -> list[Job]:
        """All SLURM jobs of this run, from the accounting."""
        columns = "JobIDRaw,Comment,State,TimelimitRaw,AllocTRES,ReqTRES"
        since = ["-S", "now-1days"]
        lines = query("sacct", "-nXP", *since, f"--name={self.run}", f"--format={columns}")
        return [_job(*line.split("|")) for line in lines.splitlines()]

    def queued(self) -> list[str]:
        """Ids of its jobs that wait or run."""
        states = "PENDING,RUNNING,COMPLETING"
        return query("squeue", "-h", "-o", "%i", f"--name={self.run}", "-t", states).split()


def _together(group: list[Request]) -> Request:
    """Jobs of one group run one after the other."""
    minutes, cpus, mem_mb, gpus = zip(*group, strict=True)
    return Request(sum(minutes), max(cpus), max(mem_mb), max(gpus))


def _job(id: str, comment: str, state: str, limit: str, got: str, asked: str) -> Job:
    tres = _tres(got)
    return Job(
        id,
        _rule(comment),
        state.split()[0],  # not by whom it was cancelled
        Request(
            int(limit),
            int(tres.get("cpu", 0)),
            _megabytes(tres.get("mem", "0M")),
            int(tres.get("gres/gpu", 0)),
        ),
        int(_tres(asked).get("gres/gpu", 0)),
    )


def _rule(comment: str) -> str:
    """Of a job; of a group of jobs, which is named after its rules, that of the training."""
    name = comment.split("_wildcards_")[0].removeprefix("rule_")
    group = re.fullmatch(r".*-round\d+_(.*)", name)
    if group is None:
        return name
    training = re.search(r"(generate|evaluate)(_dense)?(?![a-z])", group[1])
    return training[0] if training else group[1]


def _tres(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in filter(None, text.split(",")))


def _megabytes(text: str) -> int:
    return round(float(text[:-1]) * {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}[text[-1]])


def query(*command: str) -> str:
    """The standard output of a SLURM command."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


CONFIG = Path("/etc/slurm/slurm.conf")


@contextlib.contextmanager
def configured(**settings: str | None) -> Iterator[None]:
    """The cluster with other settings, for the duration of the block; its daemons start anew.

    None is without the setting. Of several lines that begin with one, only the first is changed.
    """
    before = CONFIG.read_text()
    after = before
    for name, value in settings.items():
        line = "" if value is None else f"{name}={value}"
        after, edits = re.subn(rf"^{name}=.*$", line, after, count=1, flags=re.M)
        assert edits, name
    with _other(after):
        yield


@contextlib.contextmanager
def nodes(*names: str) -> Iterator[None]:
    """Several nodes with a GPU each in the place of the one; each is a host with that name."""
    folder = CONFIG.resolve().parent
    gpus, hosts = folder / "gres.conf", folder / "hosts"
    before = gpus.read_text()
    gpus.write_text(
        "".join(f"NodeName={name} Name=gpu File=/dev/null Flags=nvidia_gpu_env\n" for name in names)
    )
    hosts.write_text(f"{Path('/etc/hosts').read_text()}\n127.0.0.1 {' '.join(names)}\n")
    text = re.sub(r"\bNodes=\S+", f"Nodes={','.join(names)}", CONFIG.read_text())
    text = re.sub(r"^(Slurmd\w+=\S*slurmd)", r"\1-%n", text, flags=re.M)
    found = re.search(r"^NodeName=.*$", text, re.M)
    assert found
    lines = [
        f"NodeName={name} NodeAddr=127.0.0.1 Port={6900 + number} CPUs=8 RealMemory=9000 Gres=gpu:1"
        for number, name in enumerate(names)
    ]
    try:
        with _other(text.replace(found[0], "\n".join(lines)), names):
            try:
                yield
            finally:
                gpus.write_text(before)  # for the one node, which starts after this
    finally:
        gpus.write_text(before)


@contextlib.contextmanager
def _other(text: str, names: Sequence[str] = ("",)) -> Iterator[None]:
    """The cluster with another slurm.conf, and perhaps other nodes."""
    before = CONFIG.read_text()
    try:
        _restart(before, [""], text, names)
        yield
    finally:
        _restart(text, names, before, [""])


def _restart(old: str, there: Sequence[str], new: str, names: Sequence[str]) -> None:
    for node in there:
        daemon("slurmd", "end", node)
    daemon("slurmctld", "end")  # with its state saved, and with it the numbers of jobs
    CONFIG.resolve().write_text(new)
    daemon("slurmctld", "start")
    for node in names:
        daemon("slurmd", "start", node)
    until(lambda: set(query("sinfo", "-hN", "-o", "%T").split()) == {"idle"}, 60, "nodes are idle")


def daemon(name: str, action: str, node: str = "") -> None:
    """End slurmctld or a slurmd, stop it at once or start it again; `node` is one of several."""
    if action == "start":
        command = [name]
        if node:
            hosts = CONFIG.resolve().with_name("hosts")
            host = f"hostname {node} && mount --bind {hosts} /etc/hosts && exec slurmd -N {node}"
            command = ["unshare", "--mount", "--uts", "sh", "-c", host]
        # They find gres.conf beside it.
        environment = dict(os.environ, SLURM_CONF=str(CONFIG.resolve()))
        subprocess.run(command, check=True, timeout=60, env=environment)
        ping = ["scontrol", "ping"]
        until(lambda: not subprocess.run(ping, check=False).returncode, 60, "slurmctld answers")
        return
    found = re.search(rf"^{name}PidFile=(\S+)", CONFIG.read_text(), re.I | re.M)
    assert found
    process = int(Path(found[1].replace("%n", node)).read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL if action == "stop" else signal.SIGTERM)
    until(lambda: not Path(f"/proc/{process}").exists(), 30, f"{name} has ended")


def stages() -> Iterator[Stage]:
    """The stages that run on this machine right now, with the environment that each was given."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
            if words[1:3] == ["-m", "lottery"]:
                pairs = (folder / "environ").read_text(errors="replace").split("\0")
                environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                yield Stage(int(folder.name), words[3], environment)
        except (OSError, UnicodeDecodeError):
            continue  # it has just ended


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for a condition.

    Raises: TimeoutError, with `what` did not happen.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.3)
