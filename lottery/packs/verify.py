"""Whether the files of an extracted pack are what they say, and belong together."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lottery import headers, paths, records
from lottery.errors import LotteryError
from lottery.packs import layout, plain
from lottery.packs.bar import bar
from lottery.truth import SPECS

MALFORMED = (TypeError, ValueError, KeyError, AttributeError, RecursionError, OverflowError)
"""What values of unexpected types raise, wherever they are met."""


def verified(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The headers, by name, of all files that have one; `names` are those below `folder`.

    Raises: LotteryError naming the first file that is damaged or lies: about its content, its
        spec, what it is, or what it was made from.
    """
    names = sorted(names)
    found: dict[str, dict[str, Any]] = {}
    sizes = {name: (folder / name).stat().st_size for name in names}
    with bar("check", sum(sizes.values())) as progress:
        for name in names:
            try:
                header = _header(folder, name)
            except LotteryError as error:
                raise LotteryError(str(error).replace(f"{folder}/", "")) from None
            except MALFORMED as error:
                raise LotteryError(f"{name}: not a readable result: {error}") from None
            if header is not None:
                found[name] = header
            progress.update(sizes[name])
    for name, header in found.items():
        _check_origin(name, header, found)
    return found


def _header(folder: Path, name: str) -> dict[str, Any] | None:
    path, kind = folder / name, layout.kind(name)
    if name == layout.CRATE:
        plain.check_json(path)
    if kind == "drawing" and not path.read_bytes().startswith(b"%PDF-"):
        raise LotteryError(f"{name}: no PDF")
    if kind == "rows":
        if not Path(paths.beside(str(path))).exists():
            raise LotteryError(f"{name}: the pack has no report on this table")
        records.table(path)
    if kind in layout.HEADLESS:
        return None
    if path.suffix == ".pt":
        plain.check_artifact(path)
        from lottery import artifacts  # which imports torch

        whole: dict[str, Any] | None = artifacts.read(path)[0]
    elif path.suffix == ".json":
        plain.check_json(path)
        whole = records.report(path)
        del whole["result"]
    else:
        whole = None
    header = headers.read(path)
    if whole is not None and whole != header:
        raise LotteryError(f"{name}: has two headers that differ")
    _check_spec(name, header)
    return header


def _check_spec(name: str, header: Mapping[str, Any]) -> None:
    """Raises: LotteryError if a file is not what its name says, or its key not that of its spec."""
    kind = layout.kind(name)
    if header["what"] != kind or kind is None:
        raise LotteryError(f"{name}: holds {header['what']!r}, not {kind!r}")
    try:
        spec = SPECS[kind].model_validate_json(json.dumps(header["spec"]))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise LotteryError(
            f"{name}: its spec is none of this version: {key}: {first['msg']}"
        ) from None
    if spec.key() != header["key"]:
        raise LotteryError(
            f"{name}: its key is not that of its spec (edited, or of another version)"
        )


def _check_origin(
    name: str, header: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raises: LotteryError if a file was made from other files than those in the pack.

    Only a table must come with all that it was made from.
    """
    root = layout.results_of(name)
    for each in layout.inputs(name, header):
        inside = layout.within(root, each.path)
        if inside is not None and inside in found:
            if found[inside]["digest"] != each.digest:
                raise LotteryError(f"{name}: made from another {inside}")
        elif layout.kind(name) == "table":
            raise LotteryError(f"{name}: made from {each.path}, which the pack does not hold")
