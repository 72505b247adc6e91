"""The files at the top of a pack that people and tools read."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lottery import origin
from lottery.errors import LotteryError
from lottery.packs.collect import Depth

PROJECT = origin.ROOT / "pyproject.toml"
"""Of the code that packs."""
HOLDS = {
    Depth.NUMBERS: "the drawn figures, their tables, and every report that a number in them comes "
    "from: enough to redraw the figures without data, weights or training",
    Depth.TICKETS: "the drawn figures, their tables and reports, and the tickets behind them: each "
    "mask, each W_k (the early weights that a ticket starts from) and the training indices",
    Depth.ALL: "the drawn figures with all that they were made from, trained weights and logs "
    "included; only the images are missing, which the pipeline makes again from the data sets",
}


def readme(figures: Sequence[str], scale: str, depth: Depth, made: str, count: int) -> str:
    """What the pack is and what to do with it, for who has never heard of it."""
    return f"""# {", ".join(figures)} ({scale} scale)

Results of lottery-ticket experiments by the pipeline `lottery`. This pack holds {HOLDS[depth]}.
It has {count:,} result files, of which the newest was made at {made}.

## Look into it

It is an ordinary zip. `figures/` holds the figures, `results/` their tables (CSV) and reports
(JSON), and `config/` the configuration that the pipeline was run with. Each report begins with a
header that says what it is, by which settings and code it was made, and from which files.
`sha256sum --check SHA256SUMS` tells whether a file has changed; `requirements.txt` lists the exact
packages; `ro-crate-metadata.json` says the same to machines (https://w3id.org/ro/crate).

## Use it

In a checkout of the pipeline:

```
python -m lottery unpack PACK.zip
```

This checks every file before it writes any, leaves what is there already as it is, and merges the
rest into `results/` and `figures/`. The configuration goes into `packs/PACK/config/`;
`snakemake -n` with it says what remains to be made.
"""


def requirements(project: Path = PROJECT) -> str:
    """The exact pins of what the pipeline runs on, a line each.

    Raises: LotteryError if `project`, a pyproject.toml, cannot be read.
    """
    try:
        pins = tomllib.loads(project.read_text())["project"]["dependencies"]
    except OSError as error:
        raise LotteryError(f"{project}: {error.strerror}") from None
    except (ValueError, KeyError) as error:
        raise LotteryError(f"{project}: no readable dependencies: {error}") from None
    return "".join(f"{pin}\n" for pin in pins)


def manifest(digests: Mapping[str, str]) -> str:
    """SHA-256 by name, as `sha256sum` writes and checks it."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
