"""What Snakemake would do, and why: asked of a dry run, for commands that tell or change it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lottery import config, paths
from lottery.errors import LotteryError
from lottery.truth import PLAN
from lottery.work import Work


class Result(NamedTuple):
    """A file that a figure needs."""

    rule: str
    figures: list[str]
    of: str
    """The ticket, dense network or data set that it is about."""
    runs: bool
    """Whether the job that makes it would run."""
    path: str
    what: str
    key: str
    """Of the spec that would make it."""
    there: bool
    stale: str | None = None
    """Why what is there must be made again."""
    codes: Sequence[str] = ()
    """Of all stages that lead to it, see `lottery.fingerprint`."""
    modules: Mapping[str, str] = {}  # never changed
    """Of the code that would make it now, if it is there."""
    job: int = -1
    """The number of the job that makes it; `before` are those of the jobs that it waits for."""
    before: Sequence[int] = ()
    slurm_job: str = ""
    """What names the SLURM job that makes it; nothing, if it is made where Snakemake runs."""
    log: str = ""
    work: Work | None = None
    """What a training learns from; None for other jobs, and where the config does not tell."""
    devices: int = 0
    """On which it trains; 0 for other jobs."""
    size: int = 0
    """Bytes on disk, about."""

    @property
    def is_training(self) -> bool:
        """Whether it is the report of a training: each has one."""
        return self.what in ("generation", "evaluation")


def planned(targets: Sequence[str], configs: Sequence[str]) -> list[Result]:
    """Every result that the targets need, by a dry run in this folder.

    Raises: LotteryError if there is no workflow here, or with what Snakemake says is wrong.
    """
    if not Path("workflow/Snakefile").is_file():
        raise LotteryError("no workflow/Snakefile here: run this in the folder of the project")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "plan.json")
        call = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--nolock"]
        # Of a run that goes on, the files that are there are whole: what they are, they say.
        call += ["--ignore-incomplete", *targets]
        if configs:
            call += ["--configfile", *configs]
        done = subprocess.run(
            call, env={**os.environ, PLAN: str(out)}, capture_output=True, text=True
        )
        if done.returncode or not out.exists():
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise LotteryError("\n".join(said[-10:]) or "snakemake said nothing")
        return [_result(entry) for entry in json.loads(out.read_text())]


def _result(entry: dict[str, Any]) -> Result:
    work = entry.pop("work", None)
    return Result(**entry, work=Work(*work) if work else None)


def drawing(figure: str, configs: Sequence[str]) -> str:
    """The file of a figure, which is given by its name or as that file.

    Raises: LotteryError if the config is wrong, or has no such figure.
    """
    if "/" in figure:
        return figure
    settings = config.load(["config.yaml", *configs])
    if figure not in settings.figures:
        known = ", ".join(settings.figures)
        raise LotteryError(f"no figure {figure!r}; the config has {known}")
    return f"{paths.figures(settings.scale)}/{figure}.pdf"


def config_option(parser: argparse.ArgumentParser) -> None:
    """`--configfile`, as Snakemake has it."""
    parser.add_argument(
        "--configfile", nargs="+", default=[], help="overlays of config.yaml, as for snakemake"
    )
