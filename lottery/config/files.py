"""Reading config files: YAML, overlays, and the checks of the merged whole."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lottery.config.contradictions import contradictions
from lottery.config.experiment import Config
from lottery.config.mistakes import explain, plain, where
from lottery.errors import LotteryError


def load(files: Sequence[str | Path], given: Mapping[str, Any] | None = None) -> Config:
    """Read config files, each overlaying those before it, and last the values `given`.

    Not Snakemake's own merged `config`: there, overlaying an entry that shares a YAML anchor with
    others changes those too.

    Raises: LotteryError, one line per mistake: file, key, what was found, what is allowed.
    """
    sources = {str(file): _read(file) for file in files}
    data: dict[str, Any] = {}
    try:
        for content in (*sources.values(), _typed(given or {})):
            _forget_obtaining(data, content)
            _forget_curves(data, content)
            _overlay(data, content)
        text = json.dumps(_without_nulls(data), default=str)
    except (ValueError, RecursionError):
        raise LotteryError(f"{' + '.join(sources)}: a value contains itself") from None
    try:
        config = Config.model_validate_json(text)
    except ValidationError as error:
        lines = dict.fromkeys(explain(e, data, sources) for e in plain(error.errors()))
        raise LotteryError("\n".join(lines)) from None
    wrong = [where(key, data, sources) + problem for key, problem in contradictions(config)]
    if wrong:
        raise LotteryError("\n".join(wrong))
    return config


def _forget_obtaining(data: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Drop `obtain` of a data set that an overlay replaces by one in another format."""
    before, after = (each.get("datasets") for each in (data, content))
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return
    for name, entry in after.items():
        known = before.get(name)
        if not isinstance(entry, Mapping) or not isinstance(known, dict):
            continue
        if entry.get("format", known.get("format")) != known.get("format"):
            known.pop("obtain", None)


def _forget_curves(data: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Drop the curves of tickets that an overlay removes, from figures of the files before it."""
    tickets = content.get("tickets")
    if not isinstance(tickets, Mapping):
        return
    removed = {name for name, entry in tickets.items() if entry is None}
    for figure in _entries(data.get("figures")) if removed else ():
        for panel in _entries(figure.get("panels")):
            curves = panel.get("curves")
            if not isinstance(curves, dict):
                continue
            for name, curve in list(curves.items()):
                if (curve.get("ticket") if isinstance(curve, Mapping) else curve) in removed:
                    del curves[name]


def _entries(section: Any) -> list[Mapping[str, Any]]:
    found = section.values() if isinstance(section, Mapping) else ()
    return [entry for entry in found if isinstance(entry, Mapping)]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses a key that appears twice in one mapping, where YAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [child.value for child, _ in node.value if isinstance(child, yaml.ScalarNode)]
        twice = {key for key in keys if keys.count(key) > 1 and key != "<<"}
        own = node.start_mark.line  # by then, merged keys (<<) are among them
        if twice and not getattr(node, "merged", False):
            raise yaml.YAMLError(f"{sorted(twice)[0]!r} appears twice at line {own + 1}")
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.merged = any(child.value == "<<" for child, _ in node.value)
        super().flatten_mapping(node)


def _read(file: str | Path) -> dict[str, Any]:
    try:
        content = yaml.load(Path(file).read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise LotteryError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise LotteryError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise LotteryError(f"{file}: not a mapping of keys to values")
    return content


def _overlay(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Merge key by key; `base` takes copies, as aliases in YAML are one and the same object."""
    for key, value in over.items():
        if isinstance(value, Mapping):
            if not isinstance(base.get(key), dict):
                base[key] = {}
            _overlay(base[key], value)
        else:
            base[key] = value


def _typed(value: Any) -> Any:
    """Snakemake leaves what is inside a list or a mapping of `--config` as text."""
    if isinstance(value, Mapping):
        return {key: _typed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_typed(child) for child in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def _without_nulls(value: Any) -> Any:
    """An overlay removes an entry by setting it to null."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    return value
