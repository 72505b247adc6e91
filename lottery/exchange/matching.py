"""The mask and the weights in a foreign `state_dict`, held against a network of this project.

A mask is an entry `NAME_mask` beside `NAME`, or beside `NAME_orig` as `torch.nn.utils.prune` has
it. Every entry is accounted for: what the network lacks, what it has in another shape, and what
cannot be a mask or a weight is refused by name.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lottery import models
from lottery.errors import LotteryError
from lottery.exchange.foreign import Foreign
from lottery.messages import some
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import Architecture

MASK, ORIGINAL = "_mask", "_orig"
COUNTER = "num_batches_tracked"
"""Of batch norm, which older files lack; nothing here reads it."""


class Received(NamedTuple):
    """A ticket."""

    mask: Mask
    state: dict[str, Tensor]
    """The whole `state_dict`, in the network's order: pruned weights as they were given."""
    words: list[str]
    """What its sender may want to know."""


def received(foreign: Foreign, architecture: Architecture, outputs: int | None) -> Received:
    """The ticket of a file. Its last layer has any number of outputs, or as many as given.

    Raises: LotteryError naming what is missing, unknown, of another shape or not a ticket's.
    """
    network = models.skeleton(architecture)
    masks, weights = _divided(foreign.tensors)
    names, words = _names(network, weights, foreign.ordered)
    masks = {names[name]: mask for name, mask in masks.items()}
    weights = {names[name]: value for name, value in weights.items()}
    own = network.state_dict()
    for name in own:
        if name.endswith(COUNTER):
            weights.setdefault(name, torch.zeros((), dtype=torch.int64))
    _check_weights(weights, own, models.head(network), outputs)
    mask, more = _mask(masks, network, weights)
    return Received(mask, {name: weights[name].clone() for name in own}, words + more)


def _divided(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Masks and weights, both by the name of the weight."""
    masks: dict[str, Tensor] = {}
    weights: dict[str, Tensor] = {}
    for name, value in tensors.items():
        into, own = (masks, name[: -len(MASK)]) if name.endswith(MASK) else (weights, name)
        own = own.removesuffix(ORIGINAL)
        if own in into:
            raise LotteryError(f"{own} is there twice, also as {name}")
        into[own] = value
    if not masks:
        raise LotteryError("it holds no masks: entries NAME_mask beside NAME or NAME_orig")
    alone = [name + MASK for name in masks if name not in weights]
    if alone:
        raise LotteryError(f"{some(alone)}: the weights that it masks are not there")
    return masks, weights


def _names(
    network: nn.Module, weights: Mapping[str, Tensor], ordered: bool
) -> tuple[dict[str, str], list[str]]:
    """The network's name of each weight, and what to say of it.

    Where names differ, modules are matched in their order, if all of them have the same parts and
    shapes one by one, and no name that both know would then mean another module.
    """
    own = {n: tuple(v.shape) for n, v in network.state_dict().items() if not n.endswith(COUNTER)}
    given = {n: tuple(v.shape) for n, v in weights.items() if not n.endswith(COUNTER)}
    if own.keys() == given.keys():
        unknown = [name for name in weights if name not in network.state_dict()]
        if unknown:
            raise LotteryError(f"not in the network: {some(unknown)}")
        return {name: name for name in weights}, []
    head = models.head(network)
    here, there = _modules(own, head), _modules(given, list(_modules(given, ""))[-1])
    pairs = dict(zip(there, here, strict=False))
    same = list(here.values()) == list(there.values())
    moved = [name for name in there if name in here and pairs.get(name) != name]
    if not (ordered and same) or moved:
        raise LotteryError(_differences(own, given, ordered))
    names = {}
    for name in weights:
        module, _, part = name.rpartition(".")
        if module not in pairs:
            raise LotteryError(f"not in the network: {name}")
        names[name] = f"{pairs[module]}.{part}"
    renamed = [f"{name} is {own}" for name, own in pairs.items() if name != own]
    return names, [f"names differ, matched in their order: {', '.join(renamed)}"]


def _modules(
    shapes: Mapping[str, tuple[int, ...]], head: str
) -> dict[str, dict[str, tuple[int, ...]]]:
    """By module, in order, the shapes of its parts; the head has any number of outputs."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, part = name.rpartition(".")
        found.setdefault(module, {})[part] = shape[1:] if module == head else shape
    return found


def _differences(
    own: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]], ordered: bool
) -> str:
    missing = [name for name in own if name not in given]
    unknown = [name for name in given if name not in own]
    parts = [
        f"{words} {some(names)}"
        for words, names in (("missing:", missing), ("not in the network:", unknown))
        if names
    ]
    why = "their order is not the network's" if ordered else "safetensors do not keep an order"
    return f"{'; '.join(parts)}{f' (and {why})' if missing and unknown else ''}"


def _check_weights(
    weights: Mapping[str, Tensor], own: Mapping[str, Tensor], head: str, outputs: int | None
) -> None:
    for name, expected in own.items():
        found, wanted = weights[name], tuple(expected.shape)
        if name.startswith(f"{head}."):
            wanted = (outputs or len(weights[f"{head}.weight"]), *wanted[1:])
        if tuple(found.shape) != wanted:
            raise LotteryError(f"{name} is {tuple(found.shape)}, must be {wanted}")
        if found.dtype != expected.dtype:
            raise LotteryError(f"{name} is {found.dtype}, must be {expected.dtype}")
        if not torch.isfinite(found).all():
            raise LotteryError(f"{name} is not finite")
        if name.endswith("running_var") and (found < 0).any():
            raise LotteryError(f"{name} is negative")


def _mask(
    masks: Mapping[str, Tensor], network: nn.Module, weights: Mapping[str, Tensor]
) -> tuple[Mask, list[str]]:
    """One mask over all prunable weights; a layer without a mask of its own keeps all of them."""
    own = prunable(network)
    for name, mask in masks.items():
        if mask.shape != weights[name].shape:
            raise LotteryError(
                f"{name}{MASK} is {tuple(mask.shape)}, must be {tuple(weights[name].shape)}"
            )
        strange = mask[(mask != 0) & (mask != 1)]
        if len(strange):
            raise LotteryError(f"{name}{MASK} holds {strange[0].item()}, allowed: 0 and 1")
        if name not in own and not mask.bool().all():
            raise LotteryError(
                f"{name}{MASK} prunes what no ticket here prunes, allowed: the weights of "
                "convolutions and of linear layers but the last"
            )
    kept = [
        (masks[name].bool() if name in masks else torch.ones(weight.shape, dtype=torch.bool))
        for name, weight in own.items()
    ]
    whole = Mask.dense(own).keeping(torch.cat([each.flatten() for each in kept]))
    if not whole.remaining:
        raise LotteryError("its masks leave no weight")
    free = [name for name in own if name not in masks]
    words = [f"no mask of {some(free)}: all of their weights remain"] if free else []
    return whole, words + [f"warning: nothing remains of {n}" for n in whole.empty_layers()]
