"""Convolutions of many channels over few pixels are matrix products: the same but for rounding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv2d

from lottery.models.convolution import PAIRS, Convolution3x3, _Products


def random(*shape, dtype=torch.float64):
    """Numbers, some of them zero, as after a ReLU and under a mask; channels last."""
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))
    return numbers.relu().to(dtype).contiguous(memory_format=torch.channels_last)


@settings(deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)
)
def test_products_and_their_gradients_are_the_convolution(batch, before, after, height, width):
    x, kernels = random(batch, before, height, width), random(after, before, 3, 3)
    gradient = random(batch, after, height, width)
    found = _with_gradients(_Products.apply, x, kernels, gradient)
    expected = _with_gradients(lambda x, k: conv2d(x, k, padding=1), x, kernels, gradient)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, check_stride=False)


def _with_gradients(convolve, x, kernels, gradient):
    x, kernels = x.clone().requires_grad_(), kernels.clone().requires_grad_()
    outputs = convolve(x, kernels)
    return outputs, *torch.autograd.grad(outputs, (x, kernels), gradient)


def test_the_gradient_of_kernels_is_summed_in_float32():
    """Thousands of bfloat16 numbers would stop growing at 256."""
    x = torch.ones(1024, 1, 2, 2, dtype=torch.bfloat16)
    kernels = torch.zeros(1, 1, 3, 3, requires_grad=True)
    (found,) = torch.autograd.grad(_Products.apply(x, kernels), kernels, torch.ones_like(x))
    assert found.dtype == torch.float32
    assert found.squeeze().tolist() == [[1024, 2048, 1024], [2048, 4096, 2048], [1024, 2048, 1024]]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_layer_is_a_convolution_in_either_precision(precision):
    layer = Convolution3x3(512, 512, bias=True).to(memory_format=torch.channels_last)
    x = random(4, 512, 2, 2, dtype=torch.float32).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        outputs = layer(x)
        expected = nn.Conv2d.forward(layer, x)
    assert outputs.dtype == expected.dtype == precision
    assert outputs.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(outputs, expected), "both were computed in one way"
    tolerance = {"atol": 2e-2, "rtol": 2e-2} if precision == torch.bfloat16 else {}
    torch.testing.assert_close(outputs, expected, **tolerance)
    gradients = torch.autograd.grad(outputs.square().sum(), list(layer.parameters()))
    assert [each.dtype for each in gradients] == [torch.float32, torch.float32]
    others = torch.autograd.grad(expected.square().sum(), list(layer.parameters()))
    for one, other in zip(gradients, others, strict=True):
        assert (one - other).norm() <= 0.02 * other.norm()


@pytest.mark.parametrize(
    ("channels", "size", "stride", "products"),
    [
        (64, 1, 1, False),  # narrow networks, as the demo's
        (128, 1, 1, True),
        (128, 2, 1, False),
        (256, 2, 1, True),
        (512, 4, 1, True),
        (512, 7, 1, False),  # ImageNet's smallest maps
        (512, 4, 2, False),
    ],
)
def test_products_where_channels_are_many_and_pixels_few(channels, size, stride, products):
    layer = Convolution3x3(channels, channels, stride)
    x = torch.empty(1, channels, size, size)
    assert layer._few_pixels(x) == products
    assert not layer._few_pixels(x.to("meta")), "products are for CPUs"
    assert (size**2 * PAIRS <= channels**2 and stride == 1) == products


def test_a_compiled_layer_is_the_same():
    layer = Convolution3x3(256, 256)
    x = random(2, 256, 2, 2, dtype=torch.float32)
    compiled = torch.compile(layer, fullgraph=True)
    found, expected = (
        torch.autograd.grad(convolve(x).square().sum(), layer.weight)
        for convolve in (compiled, layer)
    )
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)


def test_an_exported_layer_is_a_convolution():
    program = torch.export.export(Convolution3x3(256, 256), (torch.zeros(2, 256, 2, 2),))
    called = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert called == ["aten.conv2d.default"]
