"""Which weights can be pruned: convolutions and linear layers but the last (Section 3.2)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lottery.geometry import taps
from lottery.models import head
from lottery.pruning.mask import Mask
from lottery.specs import Architecture


def prunable(model: nn.Module, convolutions: int | None = None) -> dict[str, Tensor]:
    """Parameters by name, in the network's order; no biases, no batch norm, not the classifier.

    With `convolutions`, only those of that many first convolutions, where the ones of downsampling
    shortcuts count in the network's order (Appendix C).
    """
    last = head(model)
    found = {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and name != last
    }
    return scope(found, convolutions)


def scope(weights: Mapping[str, Tensor], convolutions: int | None) -> dict[str, Tensor]:
    """Of all prunable weights, in the network's order, those in the scope of pruning."""
    if convolutions is None:
        return dict(weights)
    first = [name for name, weight in weights.items() if weight.dim() == 4][:convolutions]
    return {name: weights[name] for name in first}


def dense_mask(
    weights: Mapping[str, Tensor], architecture: Architecture, excluded_at: int | None
) -> Mask:
    """The mask of round 0 over prunable `weights`, or those of a scope of them.

    All remain; or with `excluded_at`, an image size in pixels, all but the dead taps there, which
    only ever meet padding (see `lottery.geometry`): these are zero from the start, and count
    neither as remaining nor as pruned.
    """
    dense = Mask.dense(weights)
    if excluded_at is None:
        return dense
    found, alive = taps(architecture, excluded_at), []
    for name, weight in weights.items():
        place = torch.ones(weight.shape, dtype=torch.bool)
        if name in found:
            rows = torch.zeros(found[name].kernel, dtype=torch.bool)
            rows[sorted(found[name].alive)] = True
            place &= rows[:, None] & rows
        alive.append(place.flatten())
    kept = torch.cat(alive)
    return Mask(dense.shapes, kept, excluded=int((~kept).sum()))
