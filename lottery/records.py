"""The header that makes an artifact self-describing, and reports: JSON files that carry one."""

import contextlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

from lottery import files, origin, paths
from lottery.content import digest, steady
from lottery.errors import LotteryError
from lottery.fingerprint import Code
from lottery.specs import Spec, differences

FORMAT = 2
NEEDED = {"what", "format", "key", "codes", "inputs", "spec", "digest", "seal"}
"""What every header has and is read by other stages."""
ADOPTED = "adopted_before"
"""The key of a header that tells why results before it were adopted, if any were."""
LISTED = 6
"""Most keys that a message lists of those in which two specs differ."""


class Stopwatch:
    """Seconds since its creation, for the duration in a header."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> float:
        """Elapsed wall time."""
        return round(time.monotonic() - self._start, 3)


class Input(NamedTuple):
    """An input file of a stage, as its own header describes it."""

    path: str
    digest: str
    """Of its content, see `lottery.content`."""
    key: str
    """Of the spec that it was made by."""
    codes: list[str]
    """Of all stages that led to it."""
    adopted: tuple[str, ...] = ()
    """Why results that led to it, or it itself, were adopted under other code."""

    @classmethod
    def of(cls, path: str | Path, header: Mapping[str, Any]) -> Self:
        """The file at `path`, which has this header."""
        own = {entry["because"] for entry in header.get("adopted", [])}
        adopted = tuple(sorted(own.union(header.get(ADOPTED, []))))
        return cls(str(path), header["digest"], header["key"], header["codes"], adopted)


def stamp(what: str, spec: Spec, code: Code, inputs: Mapping[str, Input]) -> dict[str, Any]:
    """What an artifact is and what it was made from: of two runs of the same, the same."""
    codes = {str(code)}.union(*(file.codes for file in inputs.values()))
    adopted = sorted(set().union(*(file.adopted for file in inputs.values())))
    return {
        **({ADOPTED: adopted} if adopted else {}),
        "what": what,
        "format": FORMAT,
        "key": spec.key(),
        "codes": sorted(codes),
        "inputs": {
            name: {"path": file.path, "digest": file.digest, "key": file.key}
            for name, file in inputs.items()
        },
        "spec": json.loads(spec.model_dump_json()),
        "modules": dict(code.modules),
    }


def same(header: Mapping[str, Any], stamp: Mapping[str, Any]) -> bool:
    """Whether an artifact with this header is what a stage of this stamp would make."""
    inputs = {name: about["digest"] for name, about in stamp["inputs"].items()}
    return all(header[key] == stamp[key] for key in ("what", "key", "codes")) and inputs == {
        name: about["digest"] for name, about in header["inputs"].items()
    }


def header(
    what: str,
    spec: Spec,
    code: Code,
    inputs: Mapping[str, Input],
    stopwatch: Stopwatch,
    device: str = "cpu",
    threads: int | None = None,
) -> dict[str, Any]:
    """The stamp of an artifact, by which code it was made, where, and how long that took.

    `threads` are the CPU threads of a training's process: another number of them sums in another
    order, and a training on a CPU ends with other weights.
    """
    return {
        **stamp(what, spec, code, inputs),
        "revision": origin.revision(),
        "versions": origin.versions(),
        "machine": origin.machine(),
        "maker": origin.maker(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": stopwatch.seconds(),
        "memory_mb": origin.peak_memory_mb(),
        "device": device,
        **({} if threads is None else {"threads": threads}),
    }


def also(header: dict[str, Any], what: str, spec: Spec) -> dict[str, Any]:
    """The header of another artifact that the same stage has made."""
    return {
        **header,
        "what": what,
        "key": spec.key(),
        "spec": json.loads(spec.model_dump_json()),
    }


def sealed(header: Mapping[str, Any], content: Any, result: bool = False) -> dict[str, Any]:
    """The header with the digest of what it heads, and a seal over both.

    Of a report's `result` the digest leaves out times, so that it is what the report says, and
    the `whole` counts too.
    """
    whole = dict(header)
    if result:
        whole["whole"] = digest(content)
    whole["digest"] = digest(steady(content)) if result else digest(content)
    return {**whole, "seal": _seal(whole)}


def check(path: str | Path, found: Any, what: str, expected: Spec) -> None:
    """Refuse an artifact of another kind, or one made by another spec than its own chain's.

    Raises: LotteryError naming the file and each key in which it differs.
    """
    check_header(path, found)
    if found["what"] != what:
        raise LotteryError(f"{path}: holds {found['what']!r}, expected {what!r}")
    if found["key"] == expected.key():
        return
    wrong = differences(expected, found["spec"])
    keys = "; ".join(wrong[:LISTED])
    if len(wrong) > LISTED:
        keys += f"; and {len(wrong) - LISTED} more keys"
    raise LotteryError(f"{path}: made by another chain than this stage's own: {keys}")


def check_header(path: str | Path, found: Any) -> None:
    """Refuse what is no header of this pipeline, or one that was changed after it was written.

    Raises: LotteryError naming the file.
    """
    if not isinstance(found, dict) or not {"what", "format", "spec"} <= found.keys():
        raise LotteryError(f"{path}: not an artifact of this pipeline: it has no header")
    if found["format"] != FORMAT:
        raise LotteryError(f"{path}: of format {found['format']}, which this version cannot read")
    if not found.keys() >= NEEDED or found["seal"] != _seal(found):
        raise LotteryError(f"{path}: damaged or edited: its header does not match its seal")


def _seal(header: Mapping[str, Any]) -> str | None:
    rest = {name: value for name, value in header.items() if name != "seal"}
    with contextlib.suppress(TypeError, ValueError):  # what is no JSON has none
        return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return None


def check_content(path: str | Path, header: Mapping[str, Any], content: Any) -> None:
    """Refuse content that is not what its header was written for.

    Raises: LotteryError naming the file.
    """
    whole = header.get("whole")
    sums = digest(steady(content)) if whole else digest(content), digest(content)
    if sums != (header["digest"], whole or header["digest"]):
        raise LotteryError(f"{path}: damaged or edited: its content does not match its digest")


def write_report(path: str | Path, header: dict[str, Any], result: dict[str, Any]) -> None:
    """Write a header, on the first line, and a stage's results as JSON, atomically."""
    head = json.dumps(sealed(header, result, result=True))
    text = f'{head[:-1]},\n"result": {json.dumps(result, indent=1)}}}\n'
    with files.atomic(path) as handle:
        handle.write(text.encode())


def read_report(path: str | Path, what: str, expected: Spec) -> dict[str, Any]:
    """A report (header and `result`) that was made by `expected`.

    Raises: LotteryError if the file is absent, damaged, edited, or made by another spec.
    """
    found = report(path)
    check(path, {name: value for name, value in found.items() if name != "result"}, what, expected)
    return found


def write_table(path: str, header: dict[str, Any], text: bytes, values: bytes) -> None:
    """Write a table, as CSV, with its report beside it, each atomically.

    `values` is its text without columns that differ between two runs of the same.
    """
    with files.atomic(path) as handle:
        handle.write(text)
    sums = {"values": sha256(values).hexdigest(), "sha256": sha256(text).hexdigest()}
    write_report(paths.beside(path), header, {"rows": text.count(b"\n") - 1, **sums})


def table(path: str | Path) -> tuple[dict[str, Any], bytes]:
    """The report on a table, and the table's bytes, which are those that it was written for.

    Raises: LotteryError if either is absent, damaged or edited.
    """
    about = report(paths.beside(str(path)))
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror}") from None
    if about["what"] != "table" or about["result"].get("sha256") != sha256(text).hexdigest():
        raise LotteryError(f"{path}: damaged or edited: it is not the table of its report")
    return about, text


def report(path: str | Path) -> dict[str, Any]:
    """A report, whatever it is about.

    Raises: LotteryError if the file is absent, damaged or edited.
    """
    try:
        found = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise LotteryError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise LotteryError(f"{path}: not a readable report: {error}") from None
    result = found.pop("result", None) if isinstance(found, dict) else None
    check_header(path, found)
    if not isinstance(result, dict):
        raise LotteryError(f"{path}: the report holds no result")
    check_content(path, found, result)
    return {**found, "result": result}
