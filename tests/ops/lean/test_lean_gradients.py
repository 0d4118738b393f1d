"""Each operation of our own equals torch's modules, and its gradients are right (in double precision)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.nn import functional as F

from bnao.ops.lean.conv_norm import ConvNorm, Unit
from bnao.ops.lean.convolve import POINTWISE, Geometry, is_wide
from bnao.ops.lean.normalise import normalise
from bnao.ops.lean.pixels import EveryPixel
from bnao.ops.lean.pool import AveragePool3x3
from bnao.ops.lean.project import ProjectNorm


def drawn(*shape: int) -> Tensor:
    """Double precision, channels last where there are four dimensions, asking for a gradient."""
    x = torch.randn(*shape, dtype=torch.double)
    return (x.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else x).requires_grad_()


def assert_same(ours: Callable[..., Tensor], torchs: Callable[..., Tensor], arguments: Sequence[Tensor]) -> None:
    """Outputs and all gradients."""
    a, b = ours(*arguments), torchs(*arguments)
    torch.testing.assert_close(a, b)
    weights = torch.randn_like(a)
    for p, q in zip(*(torch.autograd.grad(y, arguments, weights) for y in (a, b)), strict=True):
        torch.testing.assert_close(p, q)


def unit_pair(unit: Unit) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The operation, and the same in torch's functions."""

    def ours(*arguments: Tensor) -> Tensor:
        return ConvNorm.apply((unit,), *arguments)[0]  # type: ignore[no-untyped-call, no-any-return]

    def torchs(x: Tensor, weight: Tensor, bias: Tensor, *kernels: Tensor) -> Tensor:
        y = F.relu(x) if unit.rectify else x
        for kernel, geometry in zip(kernels, unit.geometries, strict=True):
            y = F.conv2d(y, kernel, None, *geometry)
        return F.batch_norm(y, None, None, weight, bias, training=True, eps=unit.eps)

    return ours, torchs


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("channels", [4, 33])  # batch norm of ours, and torch's
@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("stride, dilation", [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_separable_units(kernel: int, stride: int, dilation: int, rectify: bool, channels: int) -> None:
    depthwise = Geometry(stride, dilation * (kernel // 2), dilation, 3)
    pair = unit_pair(Unit(rectify, (depthwise, POINTWISE), 1e-5))
    kernels = drawn(3, 1, kernel, kernel), drawn(channels, 3, 1, 1)
    assert is_wide(kernels[0], depthwise) == (kernel > 3 and stride == 1)
    for height, width in ((5, 6), (4, 3), (1, 2), (2, 1)):  # narrower than the kernel too
        assert_same(*pair, [drawn(3, 3, height, width), drawn(channels), drawn(channels), *kernels])


@pytest.mark.parametrize("kernel, stride", [(5, 1), (5, 2), (7, 1), (3, 1)])
def test_gradients_of_units(kernel: int, stride: int) -> None:
    ours, _ = unit_pair(Unit(True, (Geometry(stride, kernel // 2, 1, 2), POINTWISE), 1e-5))
    arguments = (drawn(2, 2, 3, 4), drawn(3), drawn(3), drawn(2, 1, kernel, kernel), drawn(3, 2, 1, 1))
    assert gradcheck(ours, arguments)


@pytest.mark.parametrize("geometries", [(), (POINTWISE,), (Geometry(2, 1, 1, 1),)])
def test_other_units(geometries: tuple[Geometry, ...]) -> None:
    kernels = [drawn(4, 4, 3, 3) if g.stride == 2 else drawn(4, 4, 1, 1) for g in geometries]
    ours, torchs = unit_pair(Unit(False, geometries, 1e-3))
    arguments = [drawn(2, 4, 4, 3), drawn(4), drawn(4), *kernels]
    assert_same(ours, torchs, arguments)
    assert gradcheck(ours, arguments)


def test_projection() -> None:
    def ours(*arguments: Tensor) -> Tensor:
        return ProjectNorm.apply(1e-5, *arguments)[0]  # type: ignore[no-untyped-call, no-any-return]

    def torchs(weight: Tensor, bias: Tensor, a: Tensor, b: Tensor, of_a: Tensor, of_b: Tensor) -> Tensor:
        y = F.conv2d(F.relu(torch.cat([a, b], dim=1)), torch.cat([of_a, of_b], dim=1))
        return F.batch_norm(y, None, None, weight, bias, training=True)

    arguments = [drawn(4), drawn(4), drawn(2, 3, 3, 2), drawn(2, 2, 3, 2), drawn(4, 3, 1, 1), drawn(4, 2, 1, 1)]
    assert_same(ours, torchs, arguments)
    assert gradcheck(ours, arguments)


@pytest.mark.parametrize("size", [(5, 4), (2, 2), (3, 7)])
def test_average_pool(size: tuple[int, int]) -> None:
    arguments = [drawn(2, 3, *size)]
    assert_same(AveragePool3x3.apply, nn.AvgPool2d(3, 1, 1, count_include_pad=False), arguments)
    assert gradcheck(AveragePool3x3.apply, arguments)


@pytest.mark.parametrize("pixels", [(2, 8, 8), (1, 1, 2), (3, 5, 7)])
def test_statistics_of_values_far_from_zero(pixels: tuple[int, int, int]) -> None:
    batch, height, width = pixels
    y = (torch.randn(batch, 4, height, width) + 1000).contiguous(memory_format=torch.channels_last)
    _, found = normalise(y, torch.ones(4), torch.zeros(4), 1e-5)
    exact = torch.var_mean(y.double(), (0, 2, 3), correction=0)
    torch.testing.assert_close(found.mean.double(), exact[1], rtol=1e-6, atol=0)
    torch.testing.assert_close(found.variance.double(), exact[0], rtol=1e-2, atol=1e-4)


def separable(c_in: int, c_out: int, kernel: int, stride: int = 1) -> Unit:
    return Unit(True, (Geometry(stride, kernel // 2, 1, c_in), POINTWISE), 1e-5)


def chain(*units: Unit) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The units in a row as one operation, and each in torch's functions."""

    def ours(*arguments: Tensor) -> Tensor:
        return ConvNorm.apply(units, *arguments)[0]  # type: ignore[no-untyped-call, no-any-return]

    def torchs(x: Tensor, *parameters: Tensor) -> Tensor:
        for unit in units:
            x = unit_pair(unit)[1](x, *parameters[: unit.num_parameters])
            parameters = parameters[unit.num_parameters :]
        return x

    return ours, torchs


def parameters(c_in: int, c_out: int, kernel: int) -> list[Tensor]:
    return [drawn(c_out), drawn(c_out), drawn(c_in, 1, kernel, kernel), drawn(c_out, c_in, 1, 1)]


@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_units_in_a_row(kernel: int, strides: tuple[int, int]) -> None:
    ours, torchs = chain(separable(3, 3, kernel, strides[0]), separable(3, 4, kernel, strides[1]))
    arguments = [drawn(2, 3, 5, 6), *parameters(3, 3, kernel), *parameters(3, 4, kernel)]
    assert_same(ours, torchs, arguments)
    before = arguments[0].detach().clone()
    assert gradcheck(ours, arguments) and torch.equal(arguments[0], before)


def test_only_what_is_asked_for_is_computed_in_a_row() -> None:
    ours, torchs = chain(separable(3, 3, 5), separable(3, 4, 3))
    everything = [drawn(2, 3, 4, 4), *parameters(3, 3, 5), *parameters(3, 4, 3)]
    for asked in ([0], [1], [3], [4, 6], [5], [7], [8]):
        arguments = [t.detach().requires_grad_(k in asked) for k, t in enumerate(everything)]
        wanted = [t for t in arguments if t.requires_grad]
        a, b = (torch.autograd.grad(f(*arguments).square().sum(), wanted) for f in (ours, torchs))
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("size", [(6, 4), (5, 7), (2, 1)])
@pytest.mark.parametrize("starts", [(0,), (1,), (0, 1), (1, 0)])
def test_every_pixel(size: tuple[int, int], starts: tuple[int, ...]) -> None:
    def ours(x: Tensor) -> tuple[Tensor, ...]:
        return EveryPixel.apply(x, 2, starts)  # type: ignore[no-untyped-call, no-any-return]

    x = drawn(2, 3, *size)
    for found, start in zip(ours(x), starts, strict=True):
        assert torch.equal(found, x[:, :, start::2, start::2])
    assert gradcheck(ours, [x])


def test_every_pixel_of_which_one_part_is_used() -> None:
    x = drawn(2, 3, 4, 4)
    first, second = EveryPixel.apply(x, 2, (0, 1))  # type: ignore[no-untyped-call]
    (grad,) = torch.autograd.grad(second.square().sum(), x)
    (wanted,) = torch.autograd.grad(x[:, :, 1::2, 1::2].square().sum(), x)
    assert torch.equal(grad, wanted) and grad.is_contiguous(memory_format=torch.channels_last)
    assert first.requires_grad


def test_only_what_is_asked_for_is_computed() -> None:
    """Frozen kernels, an input without gradient."""
    unit = Unit(True, (Geometry(1, 2, 1, 3), POINTWISE), 1e-5)
    ours, torchs = unit_pair(unit)
    everything = [drawn(2, 3, 4, 4), drawn(4), drawn(4), drawn(3, 1, 5, 5), drawn(4, 3, 1, 1)]
    for asked in ([0], [4], [3], [1, 2], [0, 3]):
        arguments = [t.detach().requires_grad_(k in asked) for k, t in enumerate(everything)]
        wanted = [t for t in arguments if t.requires_grad]
        a, b = (torch.autograd.grad(f(*arguments).square().sum(), wanted) for f in (ours, torchs))
        torch.testing.assert_close(a, b)


def test_a_second_derivative_is_refused() -> None:
    ours, _ = unit_pair(Unit(True, (POINTWISE,), 1e-5))
    x = drawn(2, 3, 4, 4)
    for y in (ours(x, drawn(4), drawn(4), drawn(4, 3, 1, 1)), AveragePool3x3.apply(x)):  # type: ignore[no-untyped-call]
        (grad,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            grad.sum().backward()
