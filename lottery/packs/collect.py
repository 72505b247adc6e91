"""Which files a figure was made from, found by following headers. Needs no torch."""

import zipfile
import zlib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

from lottery import headers, paths, records
from lottery.errors import LotteryError
from lottery.messages import log
from lottery.packs import layout
from lottery.packs.layout import Named


class Depth(IntEnum):
    """How much of what a figure was made from is collected."""

    NUMBERS = 0
    """The table and the reports that it was made from."""
    TICKETS = 1
    """Also every mask, W_k and draw of indices that these lead to, and natural sparsity."""
    ALL = 2
    """Also the trained weights, the reports on data sets, and logs."""


class Source(NamedTuple):
    """The folders of a scale."""

    scale: str
    results: Path
    figures: Path

    @classmethod
    def of(cls, results: str | Path, figures: str | Path | None = None) -> Self:
        """By the results folder, whose name is the scale's, or `results` for the paper's own.

        Without `figures`, the folder that lies beside it as in a project.
        """
        results = Path(results)
        name = results.resolve().name
        if name == "results":
            return cls("paper", results, Path(figures or results.parent / "figures"))
        project = results.parent.parent
        return cls(name, results, Path(figures or project / paths.figures(name)))

    @classmethod
    def beside(cls, file: str | Path) -> Self:
        """By the path of a table, or of a drawn figure."""
        path = Path(file)
        if path.suffix == ".csv":
            return cls.of(path.parent.parent)
        folder = path.parent
        paper = folder.resolve().name == "figures"
        scale, project = ("paper", folder.parent) if paper else (folder.name, folder.parent.parent)
        return cls(scale, project / paths.results(scale), folder)


class Collected(NamedTuple):
    """Files by their names in the pack, and the headers of those that have one."""

    files: dict[str, Path]
    headers: dict[str, dict[str, Any]]

    def created(self) -> str:
        """When the newest result was made, as ISO 8601 in UTC."""
        return max(str(header.get("created", "")) for header in self.headers.values())


def collect(source: Source, figures: Iterable[str], depth: Depth) -> Collected:
    """The figures, named `fig1a`, with all that they were made from, down to `depth`.

    Raises: LotteryError naming the first file that is missing, damaged, or was made from another
        input than the one that is there.
    """
    found = _Collector(source, depth)
    for figure in figures:
        found.figure(figure)
    return Collected(found.files, found.headers)


class _Collector:
    def __init__(self, source: Source, depth: Depth) -> None:
        self.files: dict[str, Path] = {}
        self.headers: dict[str, dict[str, Any]] = {}
        self._source, self._depth = source, depth
        self._results = paths.results(source.scale)
        self._figures = paths.figures(source.scale)

    def figure(self, figure: str) -> None:
        name = paths.table(self._results, figure)
        path = self._path(name)
        if not path.is_file():
            raise LotteryError(f"{path}: no such table: figure {figure} has not been made")
        about, _ = records.table(path)
        self.files[name] = path
        self._log(name)
        report = paths.beside(name)
        self._headed(report)
        self._follow(report, layout.inputs(report, about), self._depth > Depth.NUMBERS)
        drawn = f"{self._figures}/{figure}"
        (made_from,) = layout.inputs(drawn, self._headed(f"{drawn}.png")) or [Named("", "")]
        if made_from.digest != about["digest"]:
            raise LotteryError(f"{self._path(drawn)}.png: drawn from another {path}")
        self._there(f"{drawn}.pdf")
        self._optional(f"{self._figures}/logs/{figure}.log", Depth.ALL)

    def _follow(self, holder: str, first: list[Named], further: bool) -> None:
        """Add the inputs that the header of `holder` names, and if asked theirs in turn."""
        ahead = [(holder, each) for each in first]
        seen: set[str] = set()
        while ahead:
            holder, named = ahead.pop()
            name = self._name(holder, named.path)
            header = self._input(holder, name, named)
            if not further or name in seen:
                continue
            seen.add(name)
            if header is not None:
                ahead += [(name, each) for each in layout.inputs(name, header)]
            if layout.kind(name) in ("weights", "early"):
                ahead += self._beside(name)

    def _input(self, holder: str, name: str, named: Named) -> Mapping[str, Any] | None:
        """The header of an input that is packed; None if this pack leaves it out."""
        if self._is_images(name):
            self._optional(name.removesuffix(".pt") + ".json", Depth.ALL)
            return None
        if layout.kind(name) in (None, *layout.HEADLESS):
            raise LotteryError(f"{self._path(holder)}: names {named.path}, which is no result")
        if layout.kind(name) == "weights" and (self._depth < Depth.ALL or self._removed(name)):
            return None
        header = self._headed(name)
        if header["digest"] != named.digest:
            raise LotteryError(
                f"{self._path(holder)}: made from another {self._path(name)} than the one there"
            )
        return header

    def _removed(self, name: str) -> bool:
        """Whether weights are not there any more, as with `keep_weights: false`."""
        gone = not self._path(name).exists() and name.startswith(f"{self._results}/tickets/")
        if gone:
            log(f"left out, as it was removed: {self._path(name)}")
        return gone

    def _beside(self, name: str) -> list[tuple[str, Named]]:
        """Of the training that wrote W* or W_k: what its report names, and natural sparsity.

        The report says how the weights were made where they themselves are left out or removed.
        """
        folder = name.rsplit("/", 2 if layout.kind(name) == "early" else 1)[0]
        report = paths.generation(folder)
        self._optional(paths.sparsity(folder), Depth.TICKETS)
        return [(report, each) for each in layout.inputs(report, self._headed(report))]

    def _name(self, holder: str, path: str) -> str:
        absolute = f"{self._source.results.resolve()}/"  # of stages that were called by hand
        name = layout.within(self._results, path.removeprefix(absolute))
        if name is None:
            raise LotteryError(f"{self._path(holder)}: names {path}, outside of its results")
        return name

    def _is_images(self, name: str) -> bool:
        return name.startswith(f"{self._results}/images/") and name.endswith(".pt")

    def _headed(self, name: str) -> dict[str, Any]:
        """Add a file that has a header, whole as far as can be told without torch."""
        if name not in self.headers:
            path = self._there(name)
            if path.suffix == ".json":
                header = records.report(path)
                del header["result"]
            else:
                header = headers.read(path)
            if path.suffix == ".pt":
                _check_sums(path)
            if header["what"] != layout.kind(name):
                raise LotteryError(f"{path}: holds {header['what']!r}, not {layout.kind(name)!r}")
            self.headers[name] = header
        return self.headers[name]

    def _there(self, name: str) -> Path:
        path = self._path(name)
        if not path.is_file():
            raise LotteryError(f"{path}: no such file, and the figure needs it")
        self.files[name] = path
        self._log(name)
        if layout.kind(name) == "generation":
            self._optional(paths.weights(name.rsplit("/", 1)[0]), Depth.ALL)
        return path

    def _log(self, name: str) -> None:
        inside = name.removeprefix(f"{self._results}/")
        log = layout.log_of(inside) if inside != name else None
        if log:
            self._optional(f"{self._results}/{log}", Depth.ALL)

    def _optional(self, name: str, depth: Depth) -> None:
        """Add a file, if there is one and this pack is as deep."""
        if self._depth >= depth and self._path(name).is_file():
            if layout.kind(name) == "log":
                self.files[name] = self._path(name)
            else:
                self._headed(name)

    def _path(self, name: str) -> Path:
        for root, folder in (
            (self._results, self._source.results),
            (self._figures, self._source.figures),
        ):
            if name.startswith(f"{root}/"):
                return folder / name.removeprefix(f"{root}/")
        raise AssertionError(name)


def _check_sums(path: Path) -> None:
    """Raises: LotteryError if a part of a `.pt` file, which is a zip, is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise LotteryError(f"{path}: damaged: {error}") from None
    if damaged:
        raise LotteryError(f"{path}: damaged: {damaged} in it does not match its checksum")
