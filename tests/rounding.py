"""How far two computations of the same may lie apart, on any processor and with any threads.

Only what one process computes twice is held to the bit, and what is exact: integers, or single
additions, products and quotients, which every processor rounds alike. Whoever sums the same numbers
in two ways, by another library, in other parts or with other threads, holds both to these bounds.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def rounding(model: nn.Module, dtype: torch.dtype) -> float:
    """By which share two ways to compute a network's outputs may differ.

    A sum of n products is off by n * eps of the sum of their sizes at most, in whatever order
    (Higham, 2002, Section 3.1), and layers add up: n is all weights that lead to one unit of each.
    Errors of both signs cancel, mostly, which leaves room for sums that cancel too.
    """
    additions = sum(weight[0].numel() for weight in model.parameters() if weight.dim() > 1)
    return additions * torch.finfo(dtype).eps


def assert_same_outputs(found: Tensor, expected: Tensor, model: nn.Module) -> None:
    """Of two ways to compute a network: within `rounding` of the largest output."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    apart, bound = (found - expected).abs().max(), rounding(model, found.dtype)
    assert apart <= bound * expected.abs().max(), (apart.item(), bound)


def assert_same_steps(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Of gradients in float32, or of the ways that weights went in a few updates of SGD, by name.

    Rounding turns a unit near 0 on or off, which moves a gradient by a share that no number of
    terms bounds: 9 % of the way of a tensor were seen, in narrow networks over maps of one pixel,
    where a training without every tenth image is off by 40 to 130 % in some. So each may be off by
    20 % of its own norm; and by 1e-5 of the largest, as those are whose true value is 0: biases
    before batch norm.
    """
    _assert_apart(found, expected, 0.2, 1e-5)


def assert_same_double_steps(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """The same in float64, where no unit is as near to 0 as rounding reaches: by 1e-6 of each."""
    assert {value.dtype for value in found.values()} <= {torch.float64, torch.int64}
    _assert_apart(found, expected, 1e-6, 1e-12)


def _assert_apart(
    found: Mapping[str, Tensor], expected: Mapping[str, Tensor], own: float, of_all: float
) -> None:
    assert found.keys() == expected.keys()
    largest = max(value.double().norm() for value in expected.values())
    for name, value in expected.items():
        apart, size = (found[name].double() - value.double()).norm(), value.double().norm()
        assert apart <= own * size + of_all * largest, (name, apart, size, largest)


def steps(start: Mapping[str, Tensor], end: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The ways that a training's numbers went, batch-norm statistics included."""
    return {name: value - start[name] for name, value in end.items()}


class DoubleInput(nn.Module):
    """A network in float64 that takes images of float32, as a training gives them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.double()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model(inputs.double())
