"""Finding which weights to prune: time and memory beside torch's own selections."""

import subprocess
import sys

from benchmarks.measuring import Row

NETWORKS = {"25.5 million weights": 25_500_000, "61 million weights": 61_000_000}
WAYS = {
    "ours": "drop_smallest(values, kept, count)",
    "torch.kthvalue": "torch.kthvalue(values[kept], count)",
    "torch.topk": "torch.topk(values[kept], count, largest=False, sorted=False)",
}
CODE = """
import re, statistics, sys, time
from pathlib import Path
import torch
from lottery.pruning.magnitude import drop_smallest
torch.set_num_threads(2)
def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
size = int(sys.argv[1])
values = torch.randn(size, generator=torch.Generator().manual_seed(0)).abs_()
kept, count = torch.ones(size, dtype=torch.bool), size // 5
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, seconds = kilobytes("VmRSS"), []
for _ in range(3):
    start = time.perf_counter()
    {way}
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds), (kilobytes("VmHWM") - before) * 1024 / 1e6)
"""
"""Linux tells a process's peak memory, and takes it back to the present."""


def run(images: str | None) -> list[Row]:
    """Each in a process of its own: 20 % of so many, three times, in turn."""
    rows = []
    for network, size in NETWORKS.items():
        spent, memory = {}, {}
        for name, way in WAYS.items():
            command = [sys.executable, "-c", CODE.replace("{way}", way), str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, megabytes = map(float, done.stdout.split())
            spent[name], memory[name] = seconds, megabytes
            rows.append(Row("selection", f"{name}, {network}", seconds, "s"))
            rows.append(Row("selection", f"{name}, {network}, memory", megabytes, "MB"))
        for name in list(WAYS)[1:]:
            for what, of in (("time", spent), ("memory", memory)):
                figure = f"{what} of {name} over ours, {network}"
                rows.append(Row("selection", figure, of[name] / of["ours"], "ratio", "over 1"))
    return rows
