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
import resource, statistics, sys, time
import torch
from lottery.pruning.magnitude import drop_smallest
torch.set_num_threads(2)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
size = int(sys.argv[1])
values = torch.randn(size, generator=torch.Generator().manual_seed(0)).abs_()
kept, count = torch.ones(size, dtype=torch.bool), size // 5
before, seconds = peak(), []
for _ in range(3):
    start = time.perf_counter()
    {way}
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds), peak() - before)
"""


def run(images: str | None) -> list[Row]:
    """Each in a process of its own: 20 % of so many, three times, in turn."""
    rows = []
    for network, size in NETWORKS.items():
        spent = {}
        for name, way in WAYS.items():
            command = [sys.executable, "-c", CODE.replace("{way}", way), str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, megabytes = map(float, done.stdout.split())
            spent[name] = seconds
            rows.append(Row("selection", f"{name}, {network}", seconds, "s"))
            rows.append(Row("selection", f"{name}, {network}, memory", megabytes, "MB"))
        for name in list(WAYS)[1:]:
            ratio = spent[name] / spent["ours"]
            rows.append(Row("selection", f"{name} over ours, {network}", ratio, "ratio", "over 1"))
    return rows
