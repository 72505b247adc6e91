"""The mask m of a ticket (W, m), Section 3.1."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from lottery.errors import LotteryError


class Mask:
    """One bit per prunable weight, as one flat vector in the network's order.

    `shapes` maps each prunable parameter to its shape; `kept` is a bool tensor over all of them,
    True where the weight remains. `excluded` counts the weights that are neither pruned nor kept:
    they are zero from the start (see `lottery.pruning.prunable.dense_mask`).
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]], kept: Tensor, excluded: int = 0) -> None:
        total = sum(math.prod(shape) for shape in shapes.values())
        if kept.dtype != torch.bool or tuple(kept.shape) != (total,):
            raise LotteryError(
                f"a mask over {total} weights needs as many bits, found "
                f"{tuple(kept.shape)} of {kept.dtype}"
            )
        self.shapes = dict(shapes)
        self.kept = kept
        self.excluded = excluded

    @classmethod
    def dense(cls, weights: Mapping[str, Tensor]) -> Self:
        """The mask of round 0: all of the prunable `weights` remain."""
        shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
        total = sum(math.prod(shape) for shape in shapes.values())
        return cls(shapes, torch.ones(total, dtype=torch.bool))

    def keeping(self, kept: Tensor) -> Self:
        """Another mask of the same network: `kept` is as in the constructor."""
        return type(self)(self.shapes, kept, self.excluded)

    @property
    def total(self) -> int:
        """Number of prunable weights."""
        return len(self.kept) - self.excluded

    @property
    def remaining(self) -> int:
        """Number of weights that remain."""
        return int(self.kept.sum())

    @property
    def density(self) -> float:
        """Fraction of the prunable weights that remain, 0..1."""
        return self.remaining / self.total

    def layers(self) -> dict[str, Tensor]:
        """The mask of each parameter, bool, in its shape."""
        return self._divided(self.kept)

    def compress(self, weights: Mapping[str, Tensor]) -> Tensor:
        """The remaining ones of the prunable `weights`, as one vector (remaining,).

        Raises: LotteryError if the mask is of another network.
        """
        self.check_fits(weights)
        return flat(weights)[self.kept]

    def expand(self, values: Tensor) -> dict[str, Tensor]:
        """The inverse of `compress`: each parameter in its shape, zero where it is pruned.

        Raises: LotteryError if there are not as many values as weights that remain.
        """
        if tuple(values.shape) != (self.remaining,):
            raise LotteryError(
                f"damaged weights: {tuple(values.shape)} values for {self.remaining} that remain"
            )
        whole = torch.zeros(len(self.kept), dtype=values.dtype)
        whole[self.kept] = values
        return self._divided(whole)

    def _divided(self, vector: Tensor) -> dict[str, Tensor]:
        """A vector over all weights (total,) by parameter."""
        parts = vector.split([math.prod(shape) for shape in self.shapes.values()])
        return {
            name: part.view(shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def empty_layers(self) -> list[str]:
        """Parameters of which no weight remains: the network is cut there."""
        return [name for name, kept in self.layers().items() if not kept.any()]

    def check_fits(self, weights: Mapping[str, Tensor]) -> None:
        """Compare with a network's prunable `weights`: names, shapes and order.

        Raises: LotteryError naming the first parameter in which mask and network differ.
        """
        own = {name: tuple(weight.shape) for name, weight in weights.items()}
        if list(own.items()) == list(self.shapes.items()):
            return
        for name in [*own, *self.shapes]:
            if own.get(name) != self.shapes.get(name):
                raise LotteryError(
                    f"the mask is of another architecture: {name} is "
                    f"{self.shapes.get(name, 'absent')} in the mask, "
                    f"{own.get(name, 'absent')} in the network"
                )
        raise LotteryError("the mask is of another architecture: its layers are in another order")

    def packed(self) -> dict[str, Any]:
        """Plain values and one uint8 tensor, a bit per weight."""
        return {
            "shapes": {name: list(shape) for name, shape in self.shapes.items()},
            "bits": torch.from_numpy(np.packbits(self.kept.numpy())),
            "remaining": self.remaining,
            "excluded": self.excluded,
        }

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> Self:
        """The inverse of `packed`.

        Raises: LotteryError if the bits do not match the shapes or the count beside them.
        """
        try:
            shapes = {str(name): tuple(shape) for name, shape in packed["shapes"].items()}
            bits, remaining = packed["bits"], packed["remaining"]
            excluded = int(packed["excluded"])
            total = sum(math.prod(shape) for shape in shapes.values())
            if bits.dtype != torch.uint8 or tuple(bits.shape) != (math.ceil(total / 8),):
                raise LotteryError(f"damaged mask: {tuple(bits.shape)} bytes for {total} bits")
            unpacked = np.unpackbits(bits.numpy())
        except (KeyError, TypeError, AttributeError) as error:
            raise LotteryError(f"damaged mask: {type(error).__name__}: {error}") from None
        mask = cls(shapes, torch.from_numpy(unpacked[:total]).bool(), excluded)
        if mask.remaining != remaining or unpacked[total:].any():
            raise LotteryError(f"damaged mask: {mask.remaining} bits set, {remaining} recorded")
        if not 0 <= excluded <= total - remaining:
            raise LotteryError(f"damaged mask: {excluded} of {total} weights excluded")
        return mask


def flat(weights: Mapping[str, Tensor]) -> Tensor:
    """All weights as one vector (n,), in the order of a mask's bits."""
    return torch.cat([weight.detach().flatten() for weight in weights.values()])
