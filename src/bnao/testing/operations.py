"""What every candidate operation must satisfy; run it on your own.

    from bnao.testing.operations import check_operation
    check_operation(MyOperation())

Each check raises AssertionError with a sentence saying what is wrong.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.errors import SettingError
from bnao.ops import Operation
from bnao.supernet.check import check_clonable
from bnao.supernet.clone import clone_path

SIZES = ((8, 8), (7, 7), (5, 6), (2, 1), (1, 1))
"""(h, w) of the images that are tried, in pixels."""


def check_operation(operation: Operation, channels: int = 8, seed: int = 0) -> None:
    """All checks below, at strides 1 and 2, with equal widths; other widths must work or be refused.

    ``channels`` is the width tried, even.
    """
    assert operation.name and operation.name == operation.name.strip(), "an operation must have a name"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for stride in (1, 2):
            check_shapes(operation, channels, channels, stride)
            check_layers(operation, channels, stride)
            check_fresh(operation, channels, stride)
            check_gradients(operation, channels, stride)
            check_path(operation, channels, stride)
            for c_out in (channels // 2, 2 * channels):
                try:
                    operation.build(channels, c_out, stride)
                except SettingError:
                    continue
                check_shapes(operation, channels, c_out, stride)


def check_shapes(operation: Operation, c_in: int, c_out: int, stride: int) -> None:
    """(B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride)), odd sizes and single pixels too."""
    module = operation.build(c_in, c_out, stride)
    for height, width in SIZES:
        wanted = (2, c_out, -(-height // stride), -(-width // stride))
        shape = tuple(module.eval()(torch.randn(2, c_in, height, width)).shape)
        assert shape == wanted, f"{operation.name} at stride {stride} must give {wanted}; it gives {shape}"


def check_layers(operation: Operation, channels: int, stride: int) -> None:
    """No convolution has a bias, every batch norm is affine (METHOD)."""
    for name, layer in operation.build(channels, channels, stride).named_modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            assert layer.bias is None, f"convolutions have no bias; {operation.name}'s {name or 'module'} has one"
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.affine, f"batch norms are affine; {operation.name}'s {name or 'module'} is not"


def check_fresh(operation: Operation, channels: int, stride: int) -> None:
    """Each build gives modules and tensors of its own."""
    first, second = (operation.build(channels, channels, stride) for _ in range(2))
    kept = {id(part) for part in (*first.modules(), *first.parameters(), *first.buffers())}
    again = {id(part) for part in (*second.modules(), *second.parameters(), *second.buffers())}
    assert not kept & again, f"{operation.name} must build fresh modules; two builds share some"


def check_gradients(operation: Operation, channels: int, stride: int) -> None:
    """In training mode outputs and gradients are finite, every parameter has one, and the input stays as it was."""
    module = operation.build(channels, channels, stride).train()
    x = torch.randn(4, channels, 6, 7, requires_grad=True)
    before = x.detach().clone()
    y: Tensor = module(x)
    assert bool(torch.isfinite(y).all()), f"{operation.name} must give finite outputs"
    if y.requires_grad:
        (y * torch.randn_like(y)).sum().backward()  # type: ignore[no-untyped-call]
        assert x.grad is None or bool(torch.isfinite(x.grad).all()), f"{operation.name} must give finite gradients"
    for name, parameter in module.named_parameters():
        finite = parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
        assert finite, f"every parameter of {operation.name} must get a finite gradient; {name} does not"
    assert torch.equal(x.detach(), before), f"{operation.name} must not change its input"


def check_path(operation: Operation, channels: int, stride: int) -> None:
    """A path's clone of the module computes the same, with the same parameters, and has a mode of its own."""
    module = operation.build(channels, channels, stride)
    check_clonable(module)
    clone = clone_path(module, Architecture((), (), ()))
    own = {id(part) for part in module.parameters()}
    assert {id(part) for part in clone.parameters()} == own, f"a clone of {operation.name} must share its parameters"
    clone.eval()
    assert all(part.training for part in module.modules()), f"eval() of a clone must not reach {operation.name} itself"
    x = torch.randn(2, channels, 6, 6)
    assert torch.equal(clone(x), deepcopy(module).eval()(x)), f"a clone of {operation.name} must compute the same"
