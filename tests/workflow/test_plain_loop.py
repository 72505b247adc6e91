"""What docs/sharing.md shows of a ticket in plain PyTorch, run on the tiny figure's results."""

import os
import re
import subprocess
import sys

from tests.conftest import REPOSITORY

ENDING = """
left = sum(int((model.get_parameter(name)[~mask] != 0).sum()) for name, mask in kept.items())
right = (model.eval()(images).argmax(1) == decoded["labels"]).float().mean()
print("revived", left, "right", right.item())
"""


def example() -> str:
    text = (REPOSITORY / "docs/sharing.md").read_text()
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "SGD" in b]
    assert "round12" in block
    return block.replace("results/", "results/tiny/").replace("round12", "round02")


def test_a_ticket_trains_in_a_plain_loop_and_stays_pruned(finished):
    done = subprocess.run(
        [sys.executable, "-c", f"import torch\ntorch.manual_seed(0)\n{example()}{ENDING}"],
        cwd=finished.root,
        env={**os.environ, "PYTHONPATH": str(finished.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *losses, last = done.stdout.splitlines()
    first, second = (float(line.split()[-1]) for line in losses)
    assert second < first
    _, revived, _, right = last.split()
    assert revived == "0"
    assert float(right) > 0.2, "guessing is 0.1"
