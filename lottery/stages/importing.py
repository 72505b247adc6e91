"""Command `import`: the mask and the weights in a file of others, as a ticket to be evaluated."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lottery import artifacts, config, paths, plan, records
from lottery.config.entries import ImportedTicket
from lottery.errors import LotteryError
from lottery.exchange import foreign, imported
from lottery.exchange.foreign import Foreign
from lottery.exchange.matching import received
from lottery.fingerprint import code
from lottery.messages import log


def import_ticket(file: str, ticket: str, configs: Sequence[str | Path], source: str = "") -> str:
    """Write `results/imported/TICKET.pt` of the config's scale; returns its path.

    `configs` are config.yaml and its overlays, in which the ticket has an entry. `source` says
    in words whose ticket it is. Nothing but the content of the file and that entry counts: the
    code that read it is noted, but makes no result stale.

    Raises: LotteryError if the config has no such ticket, or it is of another file, or the file
        holds no ticket of the entry's architecture.
    """
    stopwatch = records.Stopwatch()
    settings = config.load(configs)
    given = foreign.read(file)
    _check_entry(settings, ticket, file, given)
    spec = settings.imports(ticket)
    dataset = spec.imported.dataset
    try:
        found = received(given, spec.architecture, dataset.classes if dataset else None)
    except LotteryError as error:
        network = settings.architecture_of(ticket)
        raise LotteryError(f"{file}: as {network}: {error}") from None
    about = {
        **records.header("imported", spec, code("importing"), {}, stopwatch),
        "codes": [],
        "file": {"name": given.name, "sha256": given.sha256, "bytes": given.size},
        "source": source,
    }
    out = paths.imported(paths.results(settings.scale), ticket)
    artifacts.save(out, about, imported.packed(found.mask, found.state))
    for words in found.words:
        log(words)
    mask = found.mask
    log(f"{out}: {mask.remaining} of {mask.total} weights remain ({mask.density:.3%})")
    return out


def _check_entry(settings: config.Config, ticket: str, file: str, given: Foreign) -> None:
    """Raises: LotteryError if the config's entry is missing or of another file or kind."""
    entry = settings.tickets.get(ticket)
    if entry is None:
        raise LotteryError(
            f"--ticket: no {ticket!r} in the config; add to its tickets: "
            f"{ticket}: {{imported: {given.sha256}, architecture: NAME}}"
        )
    if not isinstance(entry, ImportedTicket):
        raise LotteryError(f"--ticket: {ticket!r} is made here: its entry has no key `imported`")
    if entry.imported != given.sha256:
        raise LotteryError(
            f"{file}: its SHA-256 is {given.sha256}, "
            f"but tickets.{ticket}.imported is {entry.imported}"
        )


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("file", metavar="FILE", help="a state_dict with masks: .pt, .safetensors")
    parser.add_argument("--ticket", required=True, metavar="NAME", help="its entry in the config")
    parser.add_argument("--config", default="config.yaml", help="default: config.yaml")
    plan.config_option(parser)
    parser.add_argument("--source", default="", help="whose ticket it is, in words, for its header")


def run(args: argparse.Namespace) -> None:
    """The command."""
    import_ticket(args.file, args.ticket, [args.config, *args.configfile], args.source)
