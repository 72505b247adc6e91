"""What planning takes: a dry run of the whole paper, over Snakemake's own for as many jobs."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch

from benchmarks.measuring import Row
from lottery import artifacts, records
from lottery.figures import style
from lottery.plan import Result
from lottery.records import FORMAT

ROOT = Path(__file__).parent.parent
TRIVIAL = """
rule all:
    input: expand("{{number}}.txt", number=range({jobs}))
rule one:
    output: "{{number}}.txt"
    shell: "touch {{output}}"
"""


def run(images: str | None) -> list[Row]:
    """One run each, of up to a minute."""
    whole, said = _dry(ROOT, "all")
    jobs = int(next(line.split()[1] for line in said.splitlines() if line.startswith("total")))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    figure, _ = _dry(ROOT, "figures/fig3.pdf", printed=True)
    with tempfile.TemporaryDirectory() as place:
        Path(place, "Snakefile").write_text(TRIVIAL.format(jobs=jobs))
        floor, _ = _dry(Path(place), "all")
    with tempfile.TemporaryDirectory() as place:
        finished, count = _finished(Path(place, "lottery"))
    return [
        Row("plan", f"dry run of the whole paper, {jobs:,} jobs", whole, "s"),
        Row("plan", "over as many jobs that do nothing", whole / floor, "ratio"),
        Row("plan", "its memory", memory, "MB"),
        Row("plan", "dry run of Figure 3, each job printed", figure, "s"),
        Row("plan", f"dry run of the whole paper, its {count:,} results there", finished, "s"),
    ]


def _finished(place: Path) -> tuple[float, int]:
    """Seconds of a dry run where every result is there, and how many these are.

    They have the headers of real ones, and nothing in them.
    """
    kept = shutil.ignore_patterns(".*", "results", "figures", "tests", "benchmarks")
    shutil.copytree(ROOT, place, symlinks=True, ignore=kept)
    code = "import json; from lottery import plan; print(json.dumps(plan.planned([], [])))"
    made = _python(place, "-c", code)
    results = [Result(*entry) for entry in json.loads(made)]
    for result in results:
        header = {
            **{"what": result.what, "format": FORMAT, "key": result.key, "codes": result.codes},
            **{"inputs": {}, "spec": {}, "modules": result.modules},
        }
        path = place / result.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pt":
            artifacts.save(path, header, {"w": torch.zeros(1000)})
        elif path.suffix == ".json":
            epochs = [{"loss": 0.1, "accuracy": 0.9, "seconds": 1.0, "waiting": 0.0}] * 160
            records.write_report(path, header, {"epochs": epochs, "contents": ""})
            if result.what in ("table", "claims"):
                path.with_suffix(".csv").touch()
                path.with_suffix(".md").touch()
        else:
            figure = plt.figure()
            style.save(figure, str(path), json.dumps(records.sealed(header, None)))
            plt.close(figure)
            path.with_suffix(".pdf").touch()
    seconds, said = _dry(place, "all")
    if "Nothing to be done" not in said:
        raise SystemExit(f"plan: not all results count as made:\n{said[-2000:]}")
    return seconds, len(results)


def _python(place: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(place)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place, env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def _dry(place: Path, target: str, printed: bool = False) -> tuple[float, str]:
    """Seconds, and what it printed."""
    quiet = [] if printed else ["--quiet", "rules"]
    command = [sys.executable, "-m", "snakemake", "-n", *quiet, "--", target]
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        command, cwd=place, env=environment, check=True, capture_output=True, text=True
    )
    return time.monotonic() - started, done.stdout + done.stderr
