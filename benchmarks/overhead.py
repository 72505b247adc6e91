"""How much of the demo's wall time is not training?

Runs the demo in a results folder of its own (scale `overhead`) from nothing, and compares the
wall time of all cores with the seconds that trainings spent in their loops. The rest is starting
processes, importing torch, reading, pruning, writing, drawing and waiting for one another.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import Row

ROOT = Path(__file__).parent.parent
CORES = 2
RESULTS = ROOT / "results/overhead"


def run(images: str | None) -> list[Row]:
    """Shares of the cores' time."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    shutil.rmtree(ROOT / "figures/overhead", ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--profile", "demo", "--cores", str(CORES)]
    target = ["figures/overhead/fig1a.pdf", "--config", "scale=overhead"]
    target += ["--configfile", "config/demo.yaml", "config/first.yaml"]
    start = time.monotonic()
    subprocess.run(command + target, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    reports = [json.loads(path.read_text()) for path in RESULTS.rglob("*.json")]
    reports = [report for report in reports if "epochs" in report["result"]]
    training = sum(epoch["seconds"] for report in reports for epoch in report["result"]["epochs"])
    stages = sum(report["seconds"] for report in reports)
    available = CORES * wall
    return [
        Row("overhead", f"the demo on {CORES} cores, {len(reports)} trainings", wall, "s"),
        Row("overhead", "in training loops", training / available, "ratio"),
        Row("overhead", "rest of those stages", (stages - training) / available, "ratio"),
        Row("overhead", "starting processes, and all else", 1 - stages / available, "ratio"),
    ]
