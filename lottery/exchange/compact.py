"""A pruned network without the channels that nothing feeds or that nothing reads.

A mask takes out single weights, and no library runs faster for it. But at high sparsity whole
channels are left without weights; a network without these gives the same outputs.

What is known of a channel is followed through the traced network (`torch.fx`), as it predicts:

- Nothing feeds it: none of its weights is left, so that it has one value on every pixel of every
  image. That value is seldom zero, since the bias of batch norm still passes. At zero it is left
  out. Otherwise the next layer must still have it, and where that layer pads, not as a bias: on
  the border it reads zeros instead. So all constant channels that the same layers read are merged
  into one, with weights in proportion to their values.
- Nothing reads it: all weights of the next layers on it are zero, or on their channels that go.

Channels that an addition joins, as along a residual connection, go together or not at all. What
goes can leave others unread, so this is repeated until nothing changes. Of each layer one channel
stays, since libraries refuse empty ones.

Libraries for structured pruning, such as Torch-Pruning, take out the channels that they choose and
accept other outputs; none looks for those that can go without a difference.
"""

import copy
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn

from lottery.errors import LotteryError

Weighted = nn.Conv2d | nn.Linear
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d
ALIKE = (nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Dropout, nn.Identity)
"""Modules that leave a channel of one value as it is: max-pools pad with less than any value."""
SUMS: tuple[Any, ...] = (operator.add, operator.iadd, torch.add, "add", "add_")
FLATTENS: tuple[Any, ...] = (torch.flatten, "flatten")
MEANS: tuple[Any, ...] = (torch.mean, "mean")
RELUS: tuple[Any, ...] = (torch.relu, nn.functional.relu, "relu", "relu_")


class Compacted(NamedTuple):
    """A network and how many channels of its layers, the last one aside, it had and has."""

    model: nn.Module
    before: int
    after: int


def compact(model: nn.Module) -> Compacted:
    """A copy of a network with fewer channels and, up to rounding, the same outputs.

    It is in evaluation mode: batch norm has its running statistics. Convolutions, linear layers,
    batch norm, ReLU, pools and additions are known.

    Raises: LotteryError naming an operation that is not.
    """
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        groups = _Traced(model).groups
        for group in groups:
            _merge(group)
        _settle(groups)
        inner = [group for group in groups if not group.fixed]
        for group in groups:
            _cut(group)
    before = sum(len(group.kept) * len(group.writers) for group in inner)
    return Compacted(model, before, sum(int(g.kept.sum()) * len(g.writers) for g in inner))


class _Read(NamedTuple):
    """A layer that reads the channels of a group."""

    layer: Weighted
    values: Tensor
    """float64 (channels,): what each channel is everywhere; NaN where it varies."""
    reader: "_Group"
    """The channels that it writes."""

    def weights(self) -> Tensor:
        """A view of its weights: outputs x channels x positions in a kernel or a map."""
        weight = self.layer.weight
        return weight.view(len(weight), len(self.values), -1)


@dataclass(eq=False)
class _Group:
    """Channels that go together: of one layer, or of several whose outputs are added."""

    kept: Tensor
    """bool (channels,)"""
    fixed: bool = False
    """Whether they are the network's inputs or outputs."""
    writers: list[Weighted] = field(default_factory=list)
    norms: list[BatchNorm] = field(default_factory=list)
    reads: list[_Read] = field(default_factory=list)


class _Flow(NamedTuple):
    """What is known at a node of the traced network."""

    group: _Group
    values: Tensor
    """As in `_Read`."""


class _Traced:
    """The groups of a network, and which layers read them."""

    def __init__(self, model: nn.Module) -> None:
        try:
            graph = fx.symbolic_trace(model).graph
        except Exception as error:  # whatever its code does with what stands for a tensor
            raise LotteryError(f"compact: the network cannot be traced: {error}") from None
        self._modules = dict(model.named_modules())
        self._joined: dict[_Group, _Group] = {}
        self._groups: list[_Group] = []
        self._seen: set[nn.Module] = set()
        flows: dict[fx.Node, _Flow] = {}
        for node in graph.nodes:
            given = [flows[each] for each in node.all_input_nodes]
            if node.op == "output":
                for each in given:
                    self._root(each.group).fixed = True
            elif node.op == "placeholder":
                flows[node] = self._source(3)
            else:
                flows[node] = self._step(node, given)
        for group in self._groups:
            group.reads = [r._replace(reader=self._root(r.reader)) for r in group.reads]
        self.groups = [group for group in self._groups if self._root(group) is group]

    def _source(self, channels: int) -> _Flow:
        group = self._opened(channels)
        group.fixed = True
        return _Flow(group, torch.full((channels,), torch.nan, dtype=torch.float64))

    def _opened(self, channels: int) -> _Group:
        self._groups.append(_Group(torch.ones(channels, dtype=torch.bool)))
        return self._groups[-1]

    def _root(self, group: _Group) -> _Group:
        while group in self._joined:
            group = self._joined[group]
        return group

    def _step(self, node: fx.Node, given: list[_Flow]) -> _Flow:
        called = node.op == "call_module"
        what = self._modules[str(node.target)] if called else node.target
        if len(given) == 2 and what in SUMS and not node.kwargs:
            return _Flow(self._join(*given), given[0].values + given[1].values)
        if len(given) == 1:
            if isinstance(what, Weighted):
                return self._layer(str(node.target), what, *given)
            if isinstance(what, BatchNorm) and what.track_running_stats and what.affine:
                return self._norm(str(node.target), what, *given)
            if isinstance(what, nn.ReLU) or what in RELUS:
                return given[0]._replace(values=given[0].values.clamp(min=0))
            if _leaves_alike(what, node):
                return given[0]
        raise LotteryError(f"compact: the network does {what}, which is not known to keep channels")

    def _layer(self, name: str, layer: Weighted, given: _Flow) -> _Flow:
        self._once(name, layer)
        if isinstance(layer, nn.Conv2d) and layer.groups > 1:
            raise LotteryError(f"compact: {name} is a grouped convolution, which is not known")
        own = self._opened(len(layer.weight))
        own.writers.append(layer)
        read = _Read(layer, given.values, own)
        self._root(given.group).reads.append(read)
        return _Flow(own, _written(read))

    def _norm(self, name: str, norm: BatchNorm, given: _Flow) -> _Flow:
        self._once(name, norm)
        self._root(given.group).norms.append(norm)
        mean, var = norm.running_mean, norm.running_var
        assert mean is not None  # it tracks them
        assert var is not None
        scale = norm.weight.double() / (var.double() + norm.eps).sqrt()
        return given._replace(values=(given.values - mean) * scale + norm.bias)

    def _once(self, name: str, module: nn.Module) -> None:
        if module in self._seen:
            raise LotteryError(f"compact: {name} is used twice, which is not known")
        self._seen.add(module)

    def _join(self, one: _Flow, other: _Flow) -> _Group:
        first, second = self._root(one.group), self._root(other.group)
        if first is not second:
            self._joined[second] = first
            first.fixed |= second.fixed
            first.writers += second.writers
            first.norms += second.norms
            first.reads += second.reads
        return first


def _leaves_alike(what: Any, node: fx.Node) -> bool:
    """Whether an operation leaves channels what they are, and a channel of one value as it is."""
    if isinstance(what, ALIKE):
        return True
    given = [*node.args[1:], *node.kwargs.values()]
    if what in FLATTENS:
        return given == [1]
    return what in MEANS and given in ([(2, 3)], [[2, 3]], [(-2, -1)], [[-2, -1]])


def _written(read: _Read) -> Tensor:
    """The values of the channels that a layer writes, as in `_Read`.

    A channel is constant if those are that it reads; where the layer pads, only zeros are.
    """
    values, layer = read.values, read.layer
    padded = isinstance(layer, nn.Conv2d) and layer.padding not in ((0, 0), "valid")
    exact = values == 0 if padded else ~values.isnan()
    weights = read.weights().double()
    varies = (weights != 0).any(2)[:, ~exact].any(1)
    summed = weights.sum(2) @ torch.where(exact, values, 0)
    if layer.bias is not None:
        summed += layer.bias
    return summed.masked_fill(varies, torch.nan)


def _merge(group: _Group) -> None:
    """Have the layers that read constant channels read one of them in place of all."""
    if not group.reads or group.fixed:
        return
    values = torch.stack([read.values for read in group.reads])  # NaN if any varies
    least = values.abs().amin(0)
    constant = (least > 0) & ~values.isnan().any(0)
    if not constant.any():
        return
    best = int(torch.where(constant, least, 0).argmax())
    for read in group.reads:
        weights = read.weights()
        shares = torch.where(constant, read.values / read.values[best], 0)
        weights[:, best] = torch.einsum("ocp,c->op", weights.double(), shares).to(weights.dtype)
        constant[best] = False
        weights[:, constant] = 0
        constant[best] = True


def _settle(groups: list[_Group]) -> None:
    """Mark the channels that stay, until no more can go."""
    changed = True
    while changed:
        changed = False
        for group in groups:
            if group.fixed:
                continue
            needed = torch.zeros_like(group.kept)
            for read in group.reads:
                used = (read.weights()[read.reader.kept] != 0).any(2).any(0)
                needed |= used & (read.values != 0)
            needed &= group.kept
            if not needed.any():
                needed[int(group.kept.nonzero()[0])] = True
            changed |= bool((needed != group.kept).any())
            group.kept = needed


def _cut(group: _Group) -> None:
    """Take the other channels out of all layers that write, change or read them."""
    kept = group.kept
    for read in group.reads:
        weights = read.weights()[:, kept]
        shape = (len(weights), -1, *read.layer.weight.shape[2:])
        read.layer.weight = nn.Parameter(weights.reshape(shape))
        _count(read.layer, ("in_channels", "in_features"), read.layer.weight.shape[1])
    for each in group.norms:
        _keep(each, kept, "weight", "bias", "running_mean", "running_var")
        each.num_features = int(kept.sum())
    for layer in group.writers:
        _keep(layer, kept, "weight", "bias")
        _count(layer, ("out_channels", "out_features"), int(kept.sum()))


def _count(layer: Weighted, names: tuple[str, str], number: int) -> None:
    setattr(layer, names[isinstance(layer, nn.Linear)], number)


def _keep(module: nn.Module, kept: Tensor, *names: str) -> None:
    wrap: Callable[[Tensor], Tensor]
    for name in names:
        value = getattr(module, name)
        if value is not None:
            wrap = nn.Parameter if isinstance(value, nn.Parameter) else torch.clone
            setattr(module, name, wrap(value[kept]))
