"""A progress bar in bytes."""

import sys

from tqdm import tqdm

from lottery.messages import speaks


def bar(label: str, size: int) -> "tqdm[None]":
    """A bar over `size` bytes, shown only on a terminal; use it in a `with`."""
    hidden = not (speaks() and sys.stderr.isatty())
    return tqdm(desc=label, total=size, unit="B", unit_scale=True, disable=hidden, leave=False)
