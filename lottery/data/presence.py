"""Whether this machine has a data set, and fetching it where that can be done."""

from collections.abc import Iterable
from pathlib import Path

from lottery.config import Config
from lottery.errors import LotteryError


def missing(config: Config, names: Iterable[str]) -> dict[str, str]:
    """One line for each of the named data sets that this machine lacks, with how to get it."""
    lines = {}
    for name in sorted(set(names)):
        entry = config.datasets[name]
        if entry.root is None:
            continue
        inside = {"cifar10": "cifar-10-batches-py", "folder": entry.train}.get(entry.format, "")
        for folder in (Path(entry.root), Path(entry.root, inside)):
            if not folder.is_dir():
                lines[name] = f"datasets.{name}.root: no folder {folder}. {entry.obtain}".rstrip()
                break
    return lines


def fetch_missing(config: Config, names: Iterable[str]) -> list[str]:
    """Download what can be downloaded (CIFAR-10); one line for each data set still missing."""
    lines = []
    for name, line in missing(config, names).items():
        entry = config.datasets[name]
        if entry.format != "cifar10" or entry.root is None:
            lines.append(line)
            continue
        from lottery.data import cifar10  # needs torchvision, which takes seconds to import

        try:
            cifar10.fetch(Path(entry.root))
        except LotteryError as error:
            lines.append(f"{line} ({error})")
    return lines
