"""One GPU per training, also where several share a workstation."""

import subprocess
import sys

import pytest
import torch

from lottery import hardware
from lottery.errors import LotteryError
from lottery.training import device
from tests.conftest import REPOSITORY

HOLD = """
import sys
from lottery.training import device
print(device.claim(["test-a", "test-b"], 2), flush=True)
sys.stdin.read()
"""


def test_trainings_side_by_side_claim_different_gpus_and_then_share_them_evenly():
    held, claims = [], []
    try:
        for _ in range(5):
            process = subprocess.Popen(
                [sys.executable, "-c", HOLD],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            held.append(process)
            claims.append(process.stdout.readline().strip())
        assert claims == ["0", "1", "0", "1", "None"]
        held[0].kill()  # a claim ends with its process, however that ends
        held[0].wait()
        held[4].communicate("")
        process = subprocess.run(
            [sys.executable, "-c", HOLD], cwd=REPOSITORY, input="", capture_output=True, text=True
        )
        assert process.stdout == "0\n"
    finally:
        for process in held:
            process.kill()
            process.wait()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_an_error():
    assert device.choose("auto", 1).type == "cpu"
    with pytest.raises(LotteryError, match="torch sees no GPU"):
        device.choose("cuda", 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_torch_cannot_use_is_never_passed_over_in_silence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hardware, "DRIVER", tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")  # as SLURM gives it to a job
    with pytest.raises(LotteryError, match="cannot use this machine's GPU"):
        device.choose("auto", 1)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert device.choose("auto", 1).type == "cpu"
    assert "warning: torch" in capsys.readouterr().err
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device.choose("auto", 1).type == "cpu"
    assert capsys.readouterr().err == ""
