"""A copy of the repository to run and to edit, as a user's clone."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY
from tests.workflow import fork

TINY = "tests/workflow/tiny.yaml"
FIGURE = "figures/tiny/fig1a.pdf"
DENSE = "results/tiny/dense/cifar10/all/cifar-resnet18"
"""Dense networks of the tiny figure, by task and recipe."""
LOGS = DENSE.replace("tiny/", "tiny/logs/")
HOW = ("--cores", "2", "--configfile", TINY)


class Project:
    """A working copy with its own results."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def copy(cls, root: Path) -> "Project":
        """The files that git knows or would add."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.splitlines():
            source, target = REPOSITORY / name, root / name
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        return cls(root)

    def clone(self, root: Path) -> "Project":
        """Another copy, results and Snakemake's own records included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)

    def sent(self, root: Path) -> "Project":
        """A fresh clone with these results: of another user, at other times, without records."""
        other = Project.copy(root)
        for folder in ("results", "figures"):
            shutil.copytree(
                self.root / folder, root / folder, copy_function=shutil.copyfile, dirs_exist_ok=True
            )
        for number, path in enumerate(sorted((root / "results").rglob("*"), reverse=True)):
            os.utime(path, (10**9 + number, 10**9 + number))  # outputs before their inputs
        return other

    def lottery(self, *arguments: str) -> fork.Done:
        """A command of the package."""
        return fork.run(self.root, ("lottery", *arguments), timeout=300)

    def start(self, *arguments: str, module: str = "snakemake") -> subprocess.Popen:
        """Snakemake, or a command of the package, in the background and a process group."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if module == "snakemake" else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            # Where the tests run in the background, Ctrl-C would be ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def snakemake(self, *arguments: str, timeout: float = 400) -> fork.Done:
        """Snakemake to its end; `stdout` holds all that it printed."""
        return fork.run(self.root, ("snakemake", *arguments), timeout, merged=True)

    def run(self, *arguments: str) -> str:
        """The tiny figure; returns what snakemake printed."""
        done = self.snakemake(*(arguments or (FIGURE,)), *HOW)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def plan(self, *arguments: str, config: str = TINY) -> dict[str, int]:
        """Jobs per rule that a dry run announces."""
        done = self.snakemake(*(arguments or (FIGURE,)), "-n", "--configfile", config)
        assert done.returncode == 0, done.stdout
        table = re.findall(r"^(\w+) +(\d+)$", done.stdout.split("Reasons:")[0], re.MULTILINE)
        return {rule: int(count) for rule, count in table if rule != "total"}

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    def overlay(self, changes: dict) -> None:
        """Change keys of the tiny config."""
        path = self.root / TINY

        def merge(base: dict, over: dict) -> dict:
            for key, value in over.items():
                base[key] = merge(base.get(key, {}), value) if isinstance(value, dict) else value
            return base

        path.write_text(yaml.safe_dump(merge(yaml.safe_load(path.read_text()), changes)))

    def result(self, report: str) -> dict:
        """Of a training, without how long things took."""
        found = json.loads((self.root / report).read_text())["result"]
        del found["device_seconds"]
        for epoch in found["epochs"]:
            del epoch["seconds"], epoch["waiting"]
        return found
