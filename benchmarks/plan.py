"""What planning takes: a dry run of the whole paper, over Snakemake's own for as many jobs."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Row

ROOT = Path(__file__).parent.parent
TRIVIAL = """
rule all:
    input: expand("{{number}}.txt", number=range({jobs}))
rule one:
    output: "{{number}}.txt"
    shell: "touch {{output}}"
"""


def run(images: str | None) -> list[Row]:
    """One run each: both take the better part of a minute."""
    whole, said = _dry(ROOT, "all")
    jobs = int(next(line.split()[1] for line in said.splitlines() if line.startswith("total")))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    figure, _ = _dry(ROOT, "figures/fig3.pdf")
    with tempfile.TemporaryDirectory() as place:
        Path(place, "Snakefile").write_text(TRIVIAL.format(jobs=jobs))
        floor, _ = _dry(Path(place), "all")
    return [
        Row("plan", f"dry run of the whole paper, {jobs:,} jobs", whole, "s"),
        Row("plan", "over as many jobs that do nothing", whole / floor, "ratio"),
        Row("plan", "its memory", memory, "MB"),
        Row("plan", "dry run of Figure 3", figure, "s"),
    ]


def _dry(place: Path, target: str) -> tuple[float, str]:
    """Seconds, and what it printed."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--", target]
    started = time.monotonic()
    done = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True)
    return time.monotonic() - started, done.stdout + done.stderr
