"""Long work shows itself."""

import contextlib
import os
import pty
import subprocess
import sys
import termios

from tests.conftest import REPOSITORY

TRAINING = """
from lottery.training.progress import Progress
progress = Progress("generation of x", 2, 3)
for epoch in range(2):
    for _ in range(3):
        progress.update()
    progress.epoch(epoch, 0.5, 0.25, 1234.5, 0.2 * epoch)
progress.close()
"""


def test_a_log_gets_one_line_per_epoch():
    done = subprocess.run(
        [sys.executable, "-c", TRAINING], cwd=REPOSITORY, capture_output=True, text=True
    )
    first, second = done.stderr.splitlines()
    assert first.startswith("generation of x: epoch 1/2  loss 0.5000  accuracy 25.00%")
    assert "1,234 images/s" in first
    assert "waiting" not in first
    assert "20% waiting for images" in second
    assert second.endswith("0:00 left")


def test_a_terminal_gets_a_bar():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    process = subprocess.Popen([sys.executable, "-c", TRAINING], cwd=REPOSITORY, stderr=theirs)
    os.close(theirs)
    shown = ""
    with contextlib.suppress(OSError):  # at the end, once the terminal's other side is closed
        while part := os.read(ours, 4096):
            shown += part.decode()
    os.close(ours)
    assert process.wait(60) == 0
    assert "generation of x" in shown
    assert "/6" in shown
    assert "epoch 1/2" not in shown
