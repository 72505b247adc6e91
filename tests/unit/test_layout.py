"""No training writes beyond its memory (oneDNN's strided 1x1 convolutions of few channels).

Trainings run in processes of their own, since one that writes beyond its memory may take its
process along. oneDNN says which convolutions ran, and in which layout, so that what would be wrong
on another processor fails on this one too; and glibc's checked allocator ends a process at the
first block that was written beyond its end.
"""

import os
import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from lottery import models
from lottery.models.layout import layout
from lottery.specs import Architecture
from tests.conftest import REPOSITORY

LONGEST_BLOCK = 16
"""Channels that oneDNN takes at once on processors with AVX-512; with AVX2 it is 8."""
WATCHED = {
    "ONEDNN_VERBOSE": "1",
    "LD_PRELOAD": "libc_malloc_debug.so.0",  # a linker without it says so and goes on
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "OMP_WAIT_POLICY": "passive",  # more threads than processors
}
STRIDED = re.compile(
    r"convolution,[^,]*,backward_weights,src:[^ ]*:acdb:.*_ic(\d+)oc\d+_ih\d+oh\d+kh1sh[2-9]"
)
"""The gradient of such a convolution's weights in channels-last layout; its input channels."""

NETWORKS = [
    *(
        Architecture(model="resnet", depth=18, width=width)
        for width in (4, 5, 7, 8, 9, 12, 15, 16, 17, 24)
    ),
    Architecture(model="resnet", depth=50, width=4),
    Architecture(model="vgg", depth=11, width=4, pools=3),
    Architecture(model="alexnet", depth=8, width=8),
]

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="torch is built without oneDNN"
)


def run(*words):
    """What a process says that trains such networks; it must end well."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.narrow_trainings", *words],
        cwd=REPOSITORY,
        env={**os.environ, **WATCHED},
        capture_output=True,
        text=True,
        timeout=600,
    )
    told = [line for line in process.stdout.splitlines() if not line.startswith("onednn_verbose")]
    assert process.returncode == 0, (process.returncode, told[-1:], process.stderr[-2000:])
    assert told[-1] == "all agree"
    return process.stdout


@needs_onednn
def test_no_network_of_any_width_writes_beyond_its_memory():
    said = run(*(network.text() for network in NETWORKS))
    channels = {int(found) for found in STRIDED.findall(said)}
    assert channels, "wide ones run in channels-last layout, and oneDNN says so"
    assert min(channels) >= LONGEST_BLOCK


@needs_onednn
def test_a_compiled_training_keeps_to_the_layout():
    """Needs a C++ compiler, as `compile: true` does."""
    said = run("compiled")
    assert "kh1sh2" in said
    assert not STRIDED.findall(said)


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (Architecture(model="resnet", depth=18, width=15), torch.contiguous_format),
        (Architecture(model="resnet", depth=34, width=8), torch.contiguous_format),
        (Architecture(model="resnet", depth=50, width=3), torch.contiguous_format),
        (Architecture(model="resnet", depth=18, width=16), torch.channels_last),
        (Architecture(model="resnet", depth=50, width=4), torch.channels_last),
        (Architecture(model="vgg", depth=19, width=4), torch.channels_last),
        (Architecture(model="alexnet", depth=8, width=4), torch.channels_last),
    ],
)
def test_strided_1x1_convolutions_of_few_channels_decide_the_layout(architecture, expected):
    assert layout(models.skeleton(architecture)) == expected


@pytest.mark.parametrize(
    ("convolution", "expected"),
    [
        (nn.Conv2d(15, 32, 1, stride=2), torch.contiguous_format),
        (nn.Conv2d(15, 32, 1, stride=(1, 2)), torch.contiguous_format),
        (nn.Conv2d(16, 8, 1, stride=2), torch.channels_last),
        (nn.Conv2d(15, 32, 1), torch.channels_last),
        (nn.Conv2d(15, 32, 3, stride=2), torch.channels_last),
    ],
)
def test_of_the_convolutions_only_those(convolution, expected):
    assert layout(nn.Sequential(nn.Conv2d(3, 64, 3), convolution)) == expected
