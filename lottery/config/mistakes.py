"""Pydantic's errors as lines that name the file, the key, what was found and what is allowed."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from lottery.config.entries import DenseFigure, EvaluatedFigure
from lottery.config.experiment import Config

KINDS = {
    kind
    for entry in (EvaluatedFigure, DenseFigure)
    for kind in get_args(entry.model_fields["kind"].annotation)
}
TICKETS = ("found", "baseline", "imported")
"""The kinds of tickets, in the order of their union."""
RENAMED = {
    ("", "max_time"): "max_minutes",
    (
        "architectures",
        "batch_norm",
    ): "variant (deepcluster and rotnet have it, torchvision has not)",
    ("pruning", "rate"): "fraction",
    ("recipes", "gpus"): "micro_batches",
    ("recipes", "decay"): "gamma",
}
"""By section and old key."""
INTERNAL = ("[key]", "constrained-float", "constrained-int")
"""What pydantic adds to error locations besides the config's own keys."""


def plain(errors: list[Any]) -> list[Any]:
    """Drop "too few items" if an item itself is wrong."""
    deeper = {tuple(error["loc"][:-1]) for error in errors}
    return [e for e in errors if e["type"] != "too_short" or tuple(e["loc"]) not in deeper]


def explain(error: Any, data: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """One of pydantic's errors in words."""
    loc = [part for part in _untagged(error["loc"]) if part not in INTERNAL]
    problem, found = error["msg"].removeprefix("Value error, "), _dig(data, loc)
    if error["type"] == "extra_forbidden" and (new := _renamed(loc)):
        problem = f"this key is now called {new}"
    elif error["type"] == "extra_forbidden":
        problem = "unknown key" + nearest(str(loc[-1]), _siblings(error["loc"]))
    elif error["type"] == "missing":
        problem = "this key is missing"
    elif error["type"] == "union_tag_not_found":
        loc.append("kind")
        problem = f"this key is missing, allowed: {', '.join(map(repr, sorted(KINDS)))}"
    elif error["type"] == "union_tag_invalid":
        loc.append("kind")
        problem = f"found {error['ctx']['tag']!r}, allowed: {error['ctx']['expected_tags']}"
    elif not isinstance(found, (Mapping, list)) and found is not None:
        problem += f"; found {found!r}"
        number = _number(found) if isinstance(found, str) else None
        if number is not None:
            problem += f" (text; YAML wants it as {number!r})"
    return where(".".join(str(part) for part in loc), data, sources) + problem


def _renamed(loc: Sequence[Any]) -> str | None:
    """The new name of a key that an earlier version had."""
    return RENAMED.get((loc[0] if len(loc) > 1 else "", loc[-1]))


def _untagged(loc: Sequence[Any]) -> list[Any]:
    """Without the tag of a union, which pydantic puts after the name of a ticket or a figure."""
    return [part for i, part in enumerate(loc) if not (i == 2 and loc[0] in ("tickets", "figures"))]


def where(key: str, data: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """`FILE: KEY: `; FILE is the last one that sets the key, or else the key above it.

    A value that no file has came from `--config`.
    """
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        found = _dig(data, parts[:length])
        for file in reversed(list(sources)):
            there = _dig(sources[file], parts[:length])
            if there is not None and (there == found or isinstance(found, Mapping)):
                return f"{file}: {key}: "
        if found is not None and not isinstance(found, Mapping):
            return f"--config: {key}: "
    return f"{' + '.join(sources) or 'config'}: {key}: "


def _dig(data: Any, keys: Iterable[Any]) -> Any:
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, (list, tuple)) and str(key).isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the known name that was probably meant, or all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def _siblings(loc: Sequence[Any]) -> list[str]:
    """The keys that are allowed where an unknown one was found."""
    schema = Config.model_json_schema()
    here: Any = schema
    for part in loc[:-1]:
        here = _resolve(schema, here, part)
    return list(_resolve(schema, here, None).get("properties", {}))


def _resolve(schema: dict[str, Any], here: dict[str, Any], part: Any) -> dict[str, Any]:
    # An entry with a short form is `anyOf` that form and an object.
    here = next((one for one in here.get("anyOf", ()) if "$ref" in one), here)
    if "$ref" in here:
        here = schema["$defs"][here["$ref"].rsplit("/", 1)[1]]
    if part is None:
        return here
    if "oneOf" in here:
        tags = here.get("discriminator", {}).get("mapping") or dict(
            zip(TICKETS, (entry["$ref"] for entry in here["oneOf"]), strict=True)
        )
        return {"$ref": tags[part]}
    patterns = list(here.get("patternProperties", {}).values())
    return here.get("properties", {}).get(part) or next(
        iter(patterns), here.get("additionalProperties", {})
    )


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
