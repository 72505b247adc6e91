"""Convolutions of many channels over few pixels are matrix products: the same but for rounding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call
from torch.nn.functional import conv2d

from lottery.models.convolution import Convolution3x3, _gradient, _Products


def numbers(seed, *shape, dtype=torch.float64):
    """Random numbers, channels last."""
    found = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return found.to(dtype).contiguous(memory_format=torch.channels_last)


def with_gradients(convolve, gradient, *given):
    """What comes out, and the gradients of all that is given."""
    given = [each.detach().clone().requires_grad_() for each in given]
    outputs = convolve(*given)
    return outputs, *torch.autograd.grad(outputs, given, gradient.to(outputs.dtype))


@settings(deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)
)
def test_products_and_their_gradients_are_the_convolution(batch, before, after, height, width):
    x, kernels = numbers(0, batch, before, height, width).relu(), numbers(1, after, before, 3, 3)
    gradient = numbers(2, batch, after, height, width)
    found = with_gradients(_Products.apply, gradient, x, kernels)
    expected = with_gradients(lambda x, k: conv2d(x, k, padding=1), gradient, x, kernels)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, check_stride=False)


def test_the_sum_over_all_pixels_is_rounded_once():
    """Of 3x3 maps, at one pixel 256 and at eight 1, which bfloat16 would forget one by one."""
    x = torch.ones(1, 1, 3, 3, dtype=torch.bfloat16)
    gradient = torch.ones_like(x)
    gradient[0, 0, 0, 0] = 256
    found = _gradient(x, gradient)
    assert found.squeeze().tolist() == [[4, 6, 4], [6, 264, 260], [4, 260, 260]]


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)], ids=str
)
def test_a_layer_is_a_convolution_in_either_precision(dtype, tolerance):
    layer = Convolution3x3(512, 512, bias=True).to(memory_format=torch.channels_last)
    x = numbers(0, 4, 512, 2, 2, dtype=torch.float32)
    gradient = numbers(1, 4, 512, 2, 2, dtype=torch.float32)

    def run(convolve):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            return with_gradients(convolve, gradient, x, layer.weight, layer.bias)

    found = run(lambda x, w, b: functional_call(layer, {"weight": w, "bias": b}, (x,)))
    expected = run(lambda x, w, b: conv2d(x, w, b, padding=1))
    assert found[0].is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(found[0], expected[0]), "both were computed in one way"
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert (one - other).norm() <= tolerance * other.norm()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64], ids=str)
def test_a_layer_refuses_what_a_convolution_refuses(dtype):
    with pytest.raises(RuntimeError):
        Convolution3x3(256, 256)(torch.ones(1, 256, 2, 2, dtype=dtype))


def test_a_layer_takes_a_single_image_as_a_convolution_does():
    assert Convolution3x3(256, 128)(torch.ones(256, 2, 2)).shape == (128, 2, 2)


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


@pytest.mark.parametrize("autocast", [False, True])
def test_a_compiled_layer_is_the_same(autocast):
    layer = Convolution3x3(256, 256)
    x = numbers(0, 2, 256, 2, 2, dtype=torch.float32)
    compiled = torch.compile(layer, fullgraph=True)

    def gradient(convolve):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            outputs = convolve(x)
        [found] = torch.autograd.grad(outputs.float().square().sum(), layer.weight)
        return found

    found, expected = gradient(compiled), gradient(layer)
    assert found.dtype == torch.float32
    close = {"atol": 0.5, "rtol": 0.02} if autocast else {"atol": 1e-3, "rtol": 1e-4}
    torch.testing.assert_close(found, expected, **close)


def test_an_exported_layer_is_a_convolution():
    program = torch.export.export(Convolution3x3(256, 256), (torch.zeros(2, 256, 2, 2),))
    called = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert called == ["aten.conv2d.default"]
