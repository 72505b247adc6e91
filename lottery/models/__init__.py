"""Networks, of any width, with stems for small images and for ImageNet's."""

import importlib

import torch
from torch import nn

from lottery import seeds
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int, seed: int, purpose: str = "init") -> nn.Module:
    """A freshly initialised network with `outputs` logits.

    Its body is drawn from (seed, purpose), its head from (seed, "head"): networks of one seed are
    the same but for their heads, whatever the task or data set.
    """
    module = importlib.import_module(f"lottery.models.{architecture.model}")
    with torch.random.fork_rng(devices=[]):  # torch initialises from the global stream
        torch.manual_seed(seeds.derive(seed, purpose))
        model: nn.Module = module.build(architecture, 1)  # the size of a head changes what it draws
        torch.manual_seed(seeds.derive(seed, "head"))
        name = head(model)
        features = model.get_parameter(f"{name}.weight").shape[1]
        model.set_submodule(name, module.classifier(architecture, features, outputs))
    return model


def skeleton(architecture: Architecture) -> nn.Module:
    """The network without storage: names and shapes only."""
    module = importlib.import_module(f"lottery.models.{architecture.model}")
    with torch.device("meta"):
        model: nn.Module = module.build(architecture, 2)
    return model


def head(model: nn.Module) -> str:
    """Name of the last linear layer: the classifier, never pruned, redrawn for another task."""
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
