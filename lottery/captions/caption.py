"""What all captions share: how they look, and text that is safe in a template."""

import re

STYLE = (
    ".prose.prose-sm {max-width: none} .prose table {margin: .3em 0 1em}"
    " .prose td, .prose th {padding: 2px 10px 2px 0} .prose .accuracies td {white-space: nowrap}"
    " .scroll {overflow: auto; max-height: 75vh}"
    # Snakemake prints a rule's params below a caption: here, pages of JSON.
    " nav li:last-child {overflow-wrap: anywhere; overflow-y: auto; max-height: 8em}"
)
"""Of tables that fill the side of the page in which Snakemake shows captions."""
WIDE = r" nav.w-1\/2 {width: 80%; flex-shrink: 0}"
"""Of that side, where nothing is to be seen beside it."""


class Caption:
    """What a template of the report fills in, under the name of a rule's param."""

    style = STYLE
    wide = STYLE + WIDE

    def __init__(self, path: str) -> None:
        """`path` is the table that it is about."""
        self.path = path

    def __str__(self) -> str:
        """As Snakemake prints it among a job's params."""
        return f"of {self.path}"


def escaped(text: str) -> str:
    """Text from a config, as reStructuredText takes it for nothing but text."""
    return re.sub(r"([\\*`|_<>:])", r"\\\1", text)
