"""Weights: those of a chain's own network, under the mask of their round, and finite."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from lottery import models
from lottery.geometry import taps
from lottery.messages import some
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable
from lottery.pruning.selection import remaining_after
from lottery.specs import Architecture, Chain
from lottery.verifying.book import Unchecked
from lottery.verifying.contents import Result
from lottery.verifying.known import Known


@lru_cache(maxsize=64)
def skeleton(architecture: Architecture) -> nn.Module:
    """The network without storage, built once."""
    return models.skeleton(architecture)


def prunable_of(chain: Chain) -> dict[str, Tensor]:
    """The weights in the chain's scope, without storage."""
    return prunable(skeleton(chain.architecture), chain.convolutions)


def total_of(chain: Chain) -> int:
    """How many weights are prunable; counted, so that a hostile width takes no memory."""
    weights = prunable_of(chain)
    whole = sum(weight.numel() for weight in weights.values())
    if chain.excluded_at is None:
        return whole
    found = taps(chain.architecture, chain.excluded_at)
    return whole - sum(found[name].dead for name in weights if name in found)


def remaining_of(chain: Chain, round: int) -> int | None:
    """How many weights remain in a round, by the exact rule; None if the chain has no fraction."""
    if round == 0:
        return total_of(chain)
    if chain.fraction is None:
        return None
    return remaining_after(total_of(chain), chain.fraction, round)


@lru_cache(maxsize=2)
def _dense(architecture: Architecture, convolutions: int | None, excluded_at: int | None) -> Mask:
    weights = prunable(skeleton(architecture), convolutions)
    return dense_mask(weights, architecture, excluded_at)


def dense(chain: Chain) -> Mask:
    """The mask of the chain's round 0."""
    return _dense(chain.architecture, chain.convolutions, chain.excluded_at)


def weights(result: Result, known: Known) -> Iterator[str]:
    """W*: exactly the weights that its round's mask keeps, and the rest of its network."""
    chain, round, payload = result.spec.chain, result.spec.round, result.content
    own = Mask.unpack(payload["mask"])
    own.check_fits(prunable_of(chain))
    remaining = payload["mask"]["remaining"]  # as counted by `unpack`
    given = known.mask_in(result.folder) if round else dense(chain)
    if given is None:
        yield Unchecked("the mask of its round is not there")
        if remaining != remaining_of(chain, round):
            yield f"its mask keeps {remaining} weights, not {remaining_of(chain, round)}"
    elif not torch.equal(own.kept, given.kept) or own.excluded != given.excluded:
        yield "its mask is not that of its round"
    yield from state({"values": payload["values"]}, {"values": (remaining,)})
    names = skeleton(chain.architecture).state_dict()
    yield from state(
        payload["rest"],
        {n: v.shape for n, v in names.items() if n not in own.shapes},
        chain.architecture,
    )


def early(result: Result, known: Known) -> Iterator[str]:
    """W_k: a whole network; of two points at the same update it is the same one."""
    chain, payload = result.spec.dense.chain, result.content
    names = skeleton(chain.architecture).state_dict()
    yield from state(payload["model"], {n: v.shape for n, v in names.items()}, chain.architecture)
    own = result.file.path, result.header["digest"]
    path, digest = known.early.setdefault((result.folder, payload["updates"]), own)
    if digest != own[1]:
        yield f"other weights than {path}, saved at the same update"


def state(
    found: Mapping[str, Tensor],
    expected: Mapping[str, Any],
    architecture: Architecture | None = None,
) -> Iterator[str]:
    """What is wrong with named tensors; a head has any number of outputs."""
    head = models.head(skeleton(architecture)) if architecture else None
    if found.keys() != expected.keys():
        yield f"not the weights of its network: {some(sorted(found.keys() ^ expected.keys()))}"
    for name in found.keys() & expected.keys():
        shape, wanted = found[name].shape, expected[name]
        if head and name in (f"{head}.weight", f"{head}.bias"):
            shape, wanted = shape[1:], wanted[1:]
        if shape != wanted:
            yield f"{name} is {tuple(found[name].shape)}, in its network {tuple(expected[name])}"
        if not torch.isfinite(found[name]).all():
            yield f"{name} is not finite"
