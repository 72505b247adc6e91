"""How this machine runs a training: options that do not determine its result."""

import argparse
import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lottery import headers, records
from lottery.data import loaders
from lottery.data.datasets import Images, Listing
from lottery.data.sources import Resident, Source, Streamed
from lottery.errors import LotteryError
from lottery.fingerprint import chosen, fingerprint
from lottery.messages import log
from lottery.specs import Dataset, EvaluateSpec, GenerateSpec, Precision
from lottery.training import device as devices
from lottery.training import distributed
from lottery.training import precision as precisions
from lottery.training.checkpoints import Checkpoints
from lottery.training.execution import Execution


class Place(NamedTuple):
    """Where a training runs."""

    device: torch.device
    execution: Execution
    words: str
    """Device and precision in words, for artifacts and logs."""


@dataclass(frozen=True)
class Running:
    """See the options of the same names in `lottery.stages.command`.

    `deadline` is the `time.monotonic` time at which `--max-minutes` are over.
    """

    data: str = ""
    checkpoints: str | None = None
    checkpoint_minutes: float = 5.0
    deadline: float = float("inf")
    threads: int = 1
    device: str = "auto"
    loader: loaders.LoaderName = "auto"
    compile: bool = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Running":
        """From a stage's command line."""
        given = cls.__dataclass_fields__.keys() & vars(args).keys()
        return cls(**{name: getattr(args, name) for name in given})

    @contextlib.contextmanager
    def place(self, precision: Precision, dataset: Dataset) -> Iterator[Place]:
        """Where a training on that data set runs, for the duration of the block.

        Raises: LotteryError if the device, the precision, a loader or a compiler is missing, or
            if the device's memory is too small.
        """
        device = devices.choose(self.device, self.own_threads)
        if self.compile:
            self._prepare_to_compile()
        chosen = precisions.choose(precision, device)
        with distributed.joined(device) as world:
            words = f"{devices.describe(device)}, {chosen}"
            if world.size > 1:
                words = f"{world.size} x {words}"
            if self.compile:
                words += ", compiled"
            if dataset.streamed:
                words += f", images through {self._loader()[1]}"
            try:
                yield Place(device, Execution(world, chosen, self.compile), words)
            except torch.OutOfMemoryError as error:
                reason = str(error).split(". ")[0]
                raise LotteryError(f"{reason}: give the recipe more `micro_batches`") from None

    def _prepare_to_compile(self) -> None:
        """Raises: LotteryError if there is no compiler."""
        if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++"))):
            raise LotteryError("compile: torch.compile needs a C++ compiler, none is installed")
        # The job's number of CPUs, not the machine's.
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(self.own_threads))

    def source(self, images: Images | Listing, dataset: Dataset, device: torch.device) -> Source:
        """Where a training gets its pixels from.

        Raises: LotteryError if they are to be read from a folder that is not there.
        """
        if isinstance(images, Images):
            return Resident(images, dataset, device)
        root = Path(self.data)
        if not (self.data and root.is_dir()):
            raise LotteryError(f"--data: {dataset.name} is streamed from its folder: no {root}")
        return Streamed(images, dataset, root, device, self._loader()[0])

    def _loader(self) -> tuple[loaders.Loader, str]:
        return loaders.choose(self.loader, self.own_threads)

    @property
    def own_threads(self) -> int:
        """CPU threads of a process, where several share a machine."""
        return max(1, self.threads // distributed.processes_here())

    def made_meanwhile(self, made: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether another process has made all results of a training of the workflow, by stamp.

        It had the lock before this one, and a snakemake that was killed or of another clone.
        """
        if self.checkpoints is None:
            return False
        try:
            there = all(records.same(headers.read(path), stamp) for path, stamp in made.items())
        except LotteryError:
            return False
        if there:
            log(f"{', '.join(made)}: made meanwhile by another process")
        return there

    def states(
        self,
        spec: GenerateSpec | EvaluateSpec,
        task: str,
        read: Mapping[str, records.Input],
        precision: Precision,
    ) -> Checkpoints | None:
        """The checkpoints of a training, or None without a folder for them.

        They are valid only for the same spec, input files, code, precision and threads.
        """
        if self.checkpoints is None:
            return None
        identity = {name: file.digest for name, file in read.items()}
        identity["precision"] = precision
        # Another number of threads sums in another order.
        identity["threads"] = str(self.own_threads)
        modules = chosen(spec.chain.architecture.model, task)
        identity["code"] = fingerprint("lottery.training.loop", *modules)
        every = 60 * self.checkpoint_minutes
        return Checkpoints(self.checkpoints, spec, identity, every, self.deadline)
