"""A pack's RO-Crate: what each file is and what it was made from, for machines."""

import json
from collections.abc import Mapping
from typing import Any

from rocrate.model import ContextEntity, SoftwareApplication
from rocrate.rocrate import ROCrate

from lottery.packs import layout
from lottery.packs.collect import Collected

FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pt": "application/zip",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
WORDS = {
    "mask": "mask of a ticket",
    "imported": "mask and weights of a ticket that others found",
    "weights": "weights at the end of a generation training",
    "early": "early weights W_k, to which a ticket is rewound",
    "generation": "report of a generation training",
    "evaluation": "report of the evaluation of a ticket",
    "sparsity": "report of the natural sparsity of a dense network",
    "subset": "training indices",
    "images": "report on a data set",
    "table": "report on a figure's table",
    "rows": "table of a figure",
    "log": "log of a job",
    "figure": "figure",
    "drawing": "figure",
    "text": "text about this pack",
}
TERMS = {
    "@type": "CreativeWork",
    "name": "terms of use",
    "description": "As agreed with whoever made these results.",
}


def metadata(collected: Collected, sizes: Mapping[str, int], root: str, title: str) -> bytes:
    """`ro-crate-metadata.json` of files with these sizes in bytes, by name.

    `root` is the results folder in the pack. Of the same files it is the same bytes: its date is
    that of the newest result.
    """
    crate = ROCrate()
    crate.name = title
    crate.description = "Figures of lottery-ticket experiments with the results behind them."
    crate.datePublished = collected.created()
    crate.root_dataset["license"] = crate.add(ContextEntity(crate, "#terms", properties=TERMS))
    software = crate.add(SoftwareApplication(crate, "#lottery", properties=_software(collected)))
    entities = {}
    for name in sorted(sizes):
        header = collected.headers.get(name, {})
        kind = layout.kind(name)
        about: dict[str, Any] = {
            "name": name,
            "encodingFormat": FORMATS["." + name.rsplit(".", 1)[1]],
            "contentSize": str(sizes[name]),
        }
        about["description"] = WORDS[kind or "text"]
        if "created" in header:
            about["dateCreated"] = header["created"]
        entities[name] = crate.add_file(dest_path=name, properties=about)
    for name, header in sorted(collected.headers.items()):
        named = [layout.within(root, each.path) for each in layout.inputs(name, header)]
        sources = sorted(source for source in named if source in entities)
        if sources:
            based = [entities[source] for source in sources]
            entities[name]["isBasedOn"] = based if len(based) > 1 else based[0]
    crate.root_dataset["mentions"] = software
    text = json.dumps(crate.metadata.generate(), indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _software(collected: Collected) -> dict[str, Any]:
    versions = {
        str(header["versions"]["lottery"])
        for header in collected.headers.values()
        if "versions" in header
    }
    return {
        "name": "lottery",
        "description": "The pipeline that made these results.",
        "version": ", ".join(sorted(versions)),
        "url": "https://openreview.net/forum?id=SJx_QJHYDB",
    }
