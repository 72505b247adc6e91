"""How much of the demo's wall time is not training?

Runs the demo in a results folder of its own (scale `overhead`) from nothing, and compares the
wall time of all cores with the seconds that trainings spent in their loops. The rest is starting
processes, importing torch, reading, pruning, writing, drawing and waiting for one another.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORES = 2
RESULTS = ROOT / "results/overhead"


def main() -> None:
    """Run and print."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    shutil.rmtree(ROOT / "figures/overhead", ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--profile", "demo", "--cores", str(CORES)]
    target = ["figures/overhead/fig1a.pdf", "--config", "scale=overhead"]
    start = time.monotonic()
    subprocess.run(command + target, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    reports = [json.loads(path.read_text()) for path in RESULTS.rglob("round*/*.json")]
    training = sum(epoch["seconds"] for report in reports for epoch in report["result"]["epochs"])
    stages = sum(report["seconds"] for report in reports)
    available = CORES * wall
    print(f"wall time               {wall:7.1f} s on {CORES} of {os.cpu_count()} cores")
    print(f"trainings               {len(reports):7d}")
    print(f"in training loops       {training / available:7.1%} of the cores' time")
    print(f"rest of those stages    {(stages - training) / available:7.1%}")
    print(f"everything else         {1 - stages / available:7.1%}")
    print(f"not training            {1 - training / available:7.1%}")


if __name__ == "__main__":
    main()
