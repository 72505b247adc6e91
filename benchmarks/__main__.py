"""`python -m benchmarks [NAME ...] [OPTION ...]`: measure, print a table, keep it as CSV.

The CSV of each benchmark is `benchmarks/results/NAME.csv`, with the machine and the versions that
it was made with; `benchmarks/results/README.md` is the table of all of them.
"""

import argparse
import importlib
import inspect
import os
import platform
from pathlib import Path

import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results"
NAMES = (
    "pipeline",
    "masking",
    "loading",
    "selection",
    "saving",
    "plan",
    "threads",
    "overhead",
    "open_lth",
    "open_lth_two",
    "gpu",
)
"""`overhead` takes minutes, for it makes the demo; `open_lth` and `open_lth_two` take forty or
fifty, if they are given a clone."""


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--images", help="folder of JPEGs (default: some are made)")
    parser.add_argument("--open-lth", metavar="FOLDER", help="clone of open_lth to compare with")
    parser.add_argument(
        "--cifar10", metavar="FOLDER", help="root of torchvision's CIFAR10 (default: random images)"
    )
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    RESULTS.mkdir(exist_ok=True)
    for name in args.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        options = {name: getattr(args, name) for name in inspect.signature(module.run).parameters}
        rows = pd.DataFrame([row.fields() for row in module.run(**options)])
        if rows.empty:
            continue
        rows["machine"], rows["torch"] = _machine(), torch.__version__
        rows.to_csv(RESULTS / f"{name}.csv", index=False)
        print(rows.drop(columns=["machine", "torch"]).to_string(index=False), flush=True)
    (RESULTS / "README.md").write_text(_table())


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    with Path("/proc/cpuinfo").open() if Path("/proc/cpuinfo").exists() else open(os.devnull) as f:
        cpu = next((line.split(":")[1].strip() for line in f if "model name" in line), cpu)
    return f"{os.cpu_count()} x {cpu}"


def _table() -> str:
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`; do not edit. Medians of runs in turn; one run each: `overhead`, and",
        "the bare loops of `open_lth` and `open_lth_two` and their row of all tests.",
        "",
        "| benchmark | figure | value | unit | target | machine |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted(RESULTS.glob("*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        columns = ["benchmark", "figure", "value", "unit", "target", "machine"]
        lines += [f"| {' | '.join(row)} |" for row in rows[columns].itertuples(index=False)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
