"""Stage `export`: a ticket as a file that other libraries read without this one."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save
from torch.nn.utils import prune

from lottery import artifacts, files
from lottery.errors import LotteryError
from lottery.exchange import onnx as networks
from lottery.exchange.compact import compact
from lottery.messages import log
from lottery.reading import Ticket, read_ticket

SUFFIXES = {".safetensors": "safetensors", ".pt": "prune", ".pth": "prune", ".onnx": "onnx"}
"""The format of a file that is named without `--format`."""


def export(folder: str, out: str, format: str | None = None, compacted: bool = False) -> None:
    """Write the ticket of a round's folder, or of an imported one's file.

    See `FORMATS` for what each file holds; with `compacted` see `compact_onnx`.

    Raises: LotteryError if the ticket is not whole, the format is unknown or cannot be compacted,
        or a package that it needs is missing.
    """
    format = format or SUFFIXES.get(Path(out).suffix)
    if format is None:
        raise LotteryError(f"{out}: no known suffix ({', '.join(SUFFIXES)}): give a --format")
    if compacted and format != "onnx":
        raise LotteryError(f"--compact: {out} is written as {format}; allowed: onnx")
    ticket = read_ticket(folder)
    content = compact_onnx(ticket) if compacted else FORMATS[format](ticket)
    with files.atomic(out) as handle:
        handle.write(content)
    log(f"{out}: {ticket.mask.remaining} of {ticket.mask.total} weights, as {format}")


def safetensors(ticket: Ticket) -> bytes:
    """The `state_dict`, pruned weights zero; as metadata the mask's header, each value as JSON.

    `start` among the metadata is the file of W_k: its path, digest and key.
    """
    state = {name: value.contiguous() for name, value in ticket.pruned().state_dict().items()}
    about = dict(ticket.header)
    for name, file in artifacts.sources({"start": ticket.start}).items():
        about[name] = {"path": file.path, "digest": file.digest, "key": file.key}
    return save(state, {name: json.dumps(value) for name, value in about.items()})


def pruned(ticket: Ticket) -> bytes:
    """The `state_dict` of a network under `torch.nn.utils.prune.custom_from_mask`.

    `weight_orig` is W_k, with the weights that are pruned, and `weight_mask` the mask, 0 or 1.
    """
    for name, kept in ticket.mask.layers().items():
        layer, _, parameter = name.rpartition(".")
        prune.custom_from_mask(ticket.model.get_submodule(layer), parameter, kept)
    buffer = io.BytesIO()
    torch.save(ticket.model.state_dict(), buffer)
    return buffer.getvalue()


def onnx(ticket: Ticket) -> bytes:
    """The network as it predicts, on batches of any size: batch norm has its running statistics.

    Input `images` is float32 (N, 3, side, side), normalised as the data set's entry says; output
    `logits` (N, outputs).

    Raises: LotteryError if the packages are missing.
    """
    return networks.written(ticket.pruned(), _side(ticket))


def compact_onnx(ticket: Ticket) -> bytes:
    """The same without the channels that nothing reads or feeds, see `lottery.exchange.compact`.

    The network is written in both ways, and the two are run by ONNX Runtime: what was measured is
    logged.

    Raises: LotteryError if the packages are missing or the outputs are not the same.
    """
    networks.need(*networks.WRITING, *networks.RUNNING)
    side, model = _side(ticket), ticket.pruned()
    found = compact(model)
    whole, small = (networks.written(each, side) for each in (model, found.model))
    measured = networks.compare(whole, small, side)
    before, after = measured.milliseconds
    log(
        f"compact: {found.after:,} of {found.before:,} channels, "
        f"{len(small) / 1e6:,.2f} MB instead of {len(whole) / 1e6:,.2f} MB, "
        f"{after:.3g} ms instead of {before:.3g} ms for {networks.BATCH} images of {side} pixels "
        f"(ONNX Runtime, one thread), outputs at most {measured.difference:.1g} apart"
    )
    return small


def _side(ticket: Ticket) -> int:
    """Pixels along an image."""
    if ticket.dataset is None:
        raise LotteryError(
            f"ONNX needs the size of images: tickets.{ticket.header['spec']['ticket']}.dataset is "
            "not given"
        )
    return ticket.dataset.image_size


FORMATS: dict[str, Callable[[Ticket], bytes]] = {
    "safetensors": safetensors,
    "prune": pruned,
    "onnx": onnx,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The stage's options."""
    parser.add_argument(
        "folder", metavar="FOLDER", help="a round of a ticket, or the file of an imported one (in)"
    )
    parser.add_argument("-o", "--out", required=True, metavar="FILE", help="the ticket (out)")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="default: by the suffix of the file (.pt: prune)",
    )
    parser.add_argument(
        "--compact",
        action="store_true",
        help="ONNX without the channels that nothing reads or feeds; tells size and time",
    )


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    export(args.folder, args.out, args.format, args.compact)
