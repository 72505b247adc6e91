"""Finding which weights to prune: time and memory beside torch's own selections."""

import statistics
import subprocess
import sys

from benchmarks.measuring import Row

NETWORKS = {"25.5 million weights": 25_500_000, "61 million weights": 61_000_000}
WAYS = {
    "ours": "drop_lowest(values, kept, count)",
    "torch.kthvalue": "torch.kthvalue(values[kept], count)",
    "torch.topk": "torch.topk(values[kept], count, largest=False, sorted=False)",
}
CODE = """
import re, sys, time
from pathlib import Path
import torch
from lottery.pruning.selection import drop_lowest
torch.set_num_threads(2)
def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
size = int(sys.argv[1])
values = torch.randn(size, generator=torch.Generator().manual_seed(0)).abs_()
kept, count = torch.ones(size, dtype=torch.bool), size // 5
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, start = kilobytes("VmRSS"), time.perf_counter()
{way}
print(time.perf_counter() - start, (kilobytes("VmHWM") - before) * 1024 / 1e6)
"""
"""Linux tells a process's peak memory, and takes it back to the present."""


def run(images: str | None) -> list[Row]:
    """20 % of so many, each time in a process of its own: medians of five rounds in turn."""
    rows = []
    for network, size in NETWORKS.items():
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
        for _ in range(5):
            for name, way in WAYS.items():
                measured[name].append(_once(way, size))
        spent, memory = {}, {}
        for name, pairs in measured.items():
            spent[name], memory[name] = map(statistics.median, zip(*pairs, strict=True))
            rows.append(Row("selection", f"{name}, {network}", spent[name], "s"))
            rows.append(Row("selection", f"{name}, {network}, memory", memory[name], "MB"))
        for name in list(WAYS)[1:]:
            for what, of in (("time", spent), ("memory", memory)):
                figure = f"{what} of {name} over ours, {network}"
                rows.append(Row("selection", figure, of[name] / of["ours"], "ratio", "over 1"))
    return rows


def _once(way: str, size: int) -> tuple[float, float]:
    """Seconds, and MB beyond what was there."""
    command = [sys.executable, "-c", CODE.replace("{way}", way), str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes
