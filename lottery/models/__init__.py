"""Networks: torchvision's, adapted to small images and to any width."""

import importlib

import torch
from torch import nn

from lottery import seeds
from lottery.specs import Architecture


def build(architecture: Architecture, outputs: int, seed: int, purpose: str) -> nn.Module:
    """A freshly initialised network with `outputs` logits, drawn from (seed, purpose) alone."""
    module = importlib.import_module(f"lottery.models.{architecture.model}")
    with torch.random.fork_rng(devices=[]):  # torchvision initialises from the global stream
        torch.manual_seed(seeds.derive(seed, purpose))
        model: nn.Module = module.build(architecture, outputs)
    return model


def skeleton(architecture: Architecture) -> nn.Module:
    """The network without storage: names and shapes only."""
    module = importlib.import_module(f"lottery.models.{architecture.model}")
    with torch.device("meta"):
        model: nn.Module = module.build(architecture, 2)
    return model


def layout(model: nn.Module) -> torch.memory_format:
    """The memory layout in which a network is fastest: channels last, but for very narrow ones.

    In that layout oneDNN's strided 1x1 convolutions of fewer than eight channels write beyond their
    memory on some processors (torch 2.15, AVX2).
    """
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    narrowest = min((module.in_channels for module in convolutions[1:]), default=0)
    return torch.channels_last if narrowest >= 8 else torch.contiguous_format


def head(model: nn.Module) -> str:
    """Name of the last linear layer: the classifier, never pruned, redrawn for another task."""
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
