"""The optimizer of a recipe: torch's own fused updates, called as functions.

`torch.optim.Optimizer` imports torch._dynamo as soon as one is made. That takes as long as
importing torch itself, and a training of seconds spent a third of its time on it.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from lottery.specs import Recipe

BETAS = 0.9, 0.999
"""Of Adam, with `EPS` torch's defaults; Appendix A names no others."""
EPS = 1e-8


class Optimizer:
    """SGD with momentum, or Adam, as `torch.optim` has them, to the same bits.

    Weight decay is L2 in the gradient, also with Adam (not AdamW): Section 4.5's natural sparsity
    comes from it. The caller sets `learning_rate` before each step.
    """

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self.learning_rate = recipe.learning_rate
        self._recipe = recipe
        self._parameters = list(model.parameters())
        self._state: dict[int, dict[str, Tensor]] = {}
        """By the number of a parameter that has had a gradient."""

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient, from it."""
        moved = {n: p for n, p in enumerate(self._parameters) if p.grad is not None}
        if not moved:
            return
        gradients = [p.grad for p in moved.values() if p.grad is not None]
        update = self._adam if self._recipe.optimizer == "adam" else self._sgd
        update(moved, gradients)

    def _sgd(self, moved: dict[int, nn.Parameter], gradients: list[Tensor]) -> None:
        momentum = self._recipe.momentum
        buffers = [self._state.get(number, {}).get("momentum") for number in moved]
        sgd(
            list(moved.values()),
            gradients,
            buffers,
            fused=True,
            weight_decay=self._recipe.weight_decay,
            momentum=momentum,
            lr=self.learning_rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        if momentum:
            for number, buffer in zip(moved, buffers, strict=True):
                assert buffer is not None  # made by the first step
                self._state[number] = {"momentum": buffer}

    def _adam(self, moved: dict[int, nn.Parameter], gradients: list[Tensor]) -> None:
        for number, parameter in moved.items():
            if number not in self._state:
                self._state[number] = {
                    "steps": torch.zeros((), device=parameter.device),
                    "mean": torch.zeros_like(parameter),
                    "square": torch.zeros_like(parameter),
                }
        states = [self._state[number] for number in moved]
        adam(
            list(moved.values()),
            gradients,
            [state["mean"] for state in states],
            [state["square"] for state in states],
            [],
            [state["steps"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.learning_rate,
            weight_decay=self._recipe.weight_decay,
            eps=EPS,
            maximize=False,
        )

    def forget(self) -> None:
        """Begin anew, without momentum."""
        self._state = {}

    def state_dict(self) -> dict[str, Any]:
        """What the next steps depend on besides the parameters; tensors are not copied."""
        return {"state": self._state}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, on the parameters' devices."""
        self._state = {
            number: {
                name: value.to(self._parameters[number].device, copy=True)
                for name, value in state.items()
            }
            for number, state in saved["state"].items()
        }
