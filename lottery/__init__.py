"""Winning tickets with limited (or no) supervision, as a library of file-based stages.

Imports flow one way: stages -> training -> pruning -> tasks, models, data -> artifacts -> specs.
Only `cluster`, `planning` and `quicker` import Snakemake, and `plan` runs it. For code that uses
results, `load_config`, `load_header`, `load_mask`, `load_ticket` and `load_weights` are available
here, and imported on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lottery.reading import load_config, load_header, load_mask, load_ticket, load_weights

__version__ = "0.1.0"
__all__ = ["load_config", "load_header", "load_mask", "load_ticket", "load_weights"]


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use: a stage that needs no torch imports none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lottery import reading

    return getattr(reading, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
