"""Reading one file: its seal, its content's digest, and the spec that its header holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lottery import artifacts, records
from lottery.errors import LotteryError
from lottery.specs import Spec, parse_in
from lottery.truth import SPECS
from lottery.verifying.folder import File


@dataclass(frozen=True)
class Result:
    """A file whose seal and digest are right, with the spec that it was made by."""

    file: File
    what: str
    header: Mapping[str, Any]
    spec: Any
    """Of the type that `lottery.truth.SPECS` names for what it is."""
    content: Mapping[str, Any]
    """The payload of an artifact; the result of a report, and of a table also its `text`."""

    @property
    def folder(self) -> str:
        """Where it lies."""
        return self.file.path.rpartition("/")[0]


def read(file: File) -> Result:
    """A file, its seal and digest checked, and that its key is that of its own spec.

    Raises: LotteryError if it is damaged, edited or foreign.
    """
    path = file.path
    if not Path(path).is_file():  # a pipe would be waited for
        raise LotteryError(f"{path}: not a file")
    header, content = _parts(file)
    what = header["what"]
    if what not in SPECS:
        raise LotteryError(f"{path}: holds {what!r}, which no stage makes")
    try:
        spec: Spec = parse_in(SPECS[what], header)
    except LotteryError as error:
        reason = str(error).removeprefix("--spec: ")
        raise LotteryError(f"{path}: its spec is none of a {what}: {reason}") from None
    if spec.key() != header["key"]:
        raise LotteryError(f"{path}: its key is not that of its own spec")
    return Result(file, what, header, spec, content)


def _parts(file: File) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and content."""
    path = file.path
    if path.endswith(".pt"):
        return artifacts.read(path)
    if file.kind == "tables":
        table = path.removesuffix(".json").removesuffix(".csv") + ".csv"
        header, text = records.table(table)
        return header, {**header["result"], "text": text}
    if path.endswith(".csv"):
        raise LotteryError(f"{path}: a table lies in tables/, beside its report")
    header = records.report(path)
    return header, header["result"]
