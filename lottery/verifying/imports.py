"""Imported tickets: of their network, and of the file that their header names."""

from collections.abc import Iterator

from lottery import models
from lottery.exchange import imported
from lottery.verifying import networks
from lottery.verifying.contents import Result
from lottery.verifying.known import Known


def check(result: Result, known: Known) -> Iterator[str]:
    """The mask and the weights of a ticket that others found."""
    spec, content = result.spec, result.content
    mask, state = imported.unpack(content, spec.architecture)
    known.imported[result.file.path] = mask
    network = networks.skeleton(spec.architecture)
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    yield from networks.state(state, shapes, spec.architecture)
    dataset, head = spec.imported.dataset, models.head(network)
    outputs = len(state[f"{head}.weight"])
    if dataset and outputs != dataset.classes:
        yield f"its last layer has {outputs} outputs for the {dataset.classes} classes"
    if not mask.remaining:
        yield "no weight remains"
    if result.header.get("file", {}).get("sha256") != spec.imported.sha256:
        yield "its header names another file than its spec"
