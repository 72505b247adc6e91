"""Which weights of a network only ever meet padding, from its architecture and image size alone.

A kernel that is larger than the map it slides over has taps that multiply nothing but zero padding:
of a 3x3 kernel on a map of one pixel, eight of nine. Such **dead taps** get no gradient and change
no output. Magnitude pruning drops them first, a random mask keeps its fraction of them, so a gap
opens between the two that says nothing about tickets. Needs no torch: a dry run reports them.
The same description of a network gives the multiplications that a forward pass takes.
"""

import functools
from dataclasses import dataclass

from lottery.catalogue.networks import NETWORKS
from lottery.catalogue.networks.layers import Layers, Taps
from lottery.specs import Architecture


@functools.cache
def taps(architecture: Architecture, image_size: int) -> dict[str, Taps]:
    """The taps of each convolution, by its parameter's name and in the network's order.

    Raises: ValueError if the images are too small for the network.
    """
    network = Layers(image_size)
    NETWORKS[architecture.model].layers(network, architecture)
    return {f"{name}.weight": found for name, found in network.taps().items()}


@dataclass(frozen=True)
class DeadTaps:
    """How many of a network's prunable weights only ever meet padding."""

    share: float
    """0..1, of all prunable weights."""
    layers: dict[str, float]
    """The fraction in each convolution that has some, by its parameter's name."""


def dead_taps(architecture: Architecture, image_size: int) -> DeadTaps:
    """The dead taps of a network on square images of `image_size` pixels a side."""
    found = taps(architecture, image_size)
    total = prunable_weights(architecture)
    dead = sum(each.dead for each in found.values())
    layers = {name: each.dead / each.weights for name, each in found.items() if each.dead}
    return DeadTaps(dead / total, layers)


def prunable_weights(architecture: Architecture) -> int:
    """How many prunable weights a network has, whatever its images (Section 3.2)."""
    convolutions = taps(architecture, 224).values()
    hidden = NETWORKS[architecture.model].hidden_weights(architecture)
    return sum(each.weights for each in convolutions) + hidden


@functools.cache
def multiply_adds(architecture: Architecture, image_size: int) -> int:
    """Those of a forward pass of one image, in all layers but the last, which is small."""
    convolutions = taps(architecture, image_size).values()
    hidden = NETWORKS[architecture.model].hidden_weights(architecture)
    return sum(each.weights * each.places for each in convolutions) + hidden
