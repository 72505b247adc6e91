"""Tables: made again from the reports that are there, by the code of the stage that makes them."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pandas as pd

from lottery.errors import LotteryError
from lottery.specs import Spec
from lottery.stages.aggregate import KINDS, TIMES
from lottery.verifying.book import Unchecked, counted
from lottery.verifying.contents import Result
from lottery.verifying.known import Known


def keep(result: Result, known: Known) -> None:
    """Of a report, what a table shows and is checked by: not the history of its epochs."""
    content = {name: value for name, value in result.content.items() if name != "epochs"}
    about = {name: result.header.get(name) for name in ("what", "key", "seconds")}
    known.reports[result.file.path] = {**about, "result": content}


def check(result: Result, known: Known) -> Iterator[str]:
    """A table, each value but times; where reports are missing, only the rows of the others."""
    spec, made_from = result.spec, result.header["inputs"]
    root, missing = result.file.root, set()

    def read(path: str, what: str, expected: Spec) -> dict[str, Any] | None:
        if path.removeprefix(f"{root}/") not in made_from:
            if spec.partial:
                return None  # it came later
            raise LotteryError(f"made without {path}")
        record = known.reports.get(path)
        if record is None:
            missing.add(path)
        elif (record["what"], record["key"]) != (what, expected.key()):
            raise LotteryError(f"{path} is of another chain than the table's")
        return record

    kind = KINDS[spec.table.kind]
    rows = kind.rows(spec.figure, spec.table, root, read)
    table = pd.DataFrame(rows, columns=kind.COLUMNS).to_csv(index=False).encode()
    found, again = _values(result.content["text"]), _values(table)
    if missing:
        yield Unchecked(f"{counted(len(missing), 'report')} of its rows are not there, or wrong")
        odd = next((row for row in again if row not in set(found)), None)
        if odd is not None:
            yield f"not what its reports give: it lacks {','.join(odd)}"
    elif again != found:
        pairs = enumerate(zip(found, again, strict=False), 1)
        line = next((number for number, (one, other) in pairs if one != other), "its end")
        yield f"not what its reports give, from line {line}"
    if result.content["rows"] != len(found) - 1:
        yield f"{len(found) - 1} rows, in its report {result.content['rows']}"


def _values(text: bytes) -> list[tuple[str, ...]]:
    """The lines of a table, without the times: a training that was made again took another."""
    lines = list(csv.reader(io.StringIO(text.decode())))
    kept = [place for place, name in enumerate(lines[0]) if name not in TIMES]
    return [tuple(line[place] for place in kept) for line in lines]
