"""Which of the remaining weights do anything: those on a path from the input to an output.

A weight whose input is always zero, or whose output nobody reads, remains in the mask and not in
the function: after Vysogorets and Kempe (2021), "Connectivity Matters: Neural Network Pruning
Through the Lens of Effective Sparsity". At extreme sparsity a mask drawn at random over all layers
may keep thousands of weights and no path at all.
"""

import copy

import torch
from torch import Tensor, nn

from lottery.pruning.mask import Mask, flat


def effective(model: nn.Module, mask: Mask, image_size: int) -> Tensor:
    """Of all weights of a mask, bool (n,), those that remain and lie on a path.

    `model` is any network of that mask, which is left as it is, on square images of `image_size`
    pixels. In a copy of it every weight that remains is one, biases are zero and poolings take
    means: all outputs are then sums over paths of positive terms, and nothing cancels, so that
    the gradient of their sum is above zero exactly at the weights on a path. Weights that only ever
    meet padding are on none.
    """
    paths = copy.deepcopy(model).to("cpu", torch.float64).eval()
    _only_paths(paths)
    kept = mask.layers()
    parameters = dict(paths.named_parameters())
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.fill_(0.0 if name.endswith(".bias") else 1.0)
            if name in kept:
                parameter.copy_(kept[name])
    weights = [parameters[name] for name in mask.shapes]
    image = torch.ones(1, 3, image_size, image_size, dtype=torch.float64)
    gradients = torch.autograd.grad(paths(image).sum(), weights)
    found = flat({name: each > 0 for name, each in zip(mask.shapes, gradients, strict=True)})
    return found & mask.kept


def _only_paths(model: nn.Module) -> None:
    """Take out of a network what changes the size of a sum, or picks one of its terms."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            pool = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            model.set_submodule(name, pool)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            model.set_submodule(name, nn.Identity())
        elif isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(_bounded)


def _bounded(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Sums over the paths of deep networks would exceed float64's range."""
    return output / output.detach().amax().clamp(min=1)
