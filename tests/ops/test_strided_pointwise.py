"""1x1 convolutions with a stride: what they were as torch's own, and no crash of torch 2.13 on large images."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.ops import OPERATIONS
from bnao.ops.layers import FactorizedReduction, ReluConvBN
from bnao.ops.lean.when import plain

FORMATS = [torch.contiguous_format, torch.channels_last]

STEPS = """
import torch
from bnao.ops.layers import FactorizedReduction, ReluConvBN

for channels in (3, 8, 15):
    for size in (48, 65, 112):
        for make in (lambda: FactorizedReduction(channels, 8), lambda: ReluConvBN(channels, 8, 1, stride=2)):
            module = make().to(memory_format=torch.channels_last)
            images = torch.randn(4, channels, size, size).contiguous(memory_format=torch.channels_last)
            for _ in range(3):
                module(images).square().mean().backward()
            assert all(bool(p.grad.isfinite().all()) for p in module.parameters())
print("whole")
"""


def strided(module: nn.Module, x: Tensor) -> Tensor:
    """With convolutions of stride 2, as they were until version 0.1."""
    if isinstance(module, ReluConvBN):
        return module[2](F.conv2d(F.relu(x), module[1].weight, stride=2))  # type: ignore[no-any-return]
    assert isinstance(module, FactorizedReduction)
    shifted = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
    halves = [F.conv2d(x, module.even.weight, stride=2), F.conv2d(shifted, module.odd.weight, stride=2)]
    return module.norm(torch.cat(halves, dim=1))  # type: ignore[no-any-return]


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("size", [(8, 8), (7, 6), (9, 9), (1, 1)])
@pytest.mark.parametrize("kind", [FactorizedReduction, lambda c, d: ReluConvBN(c, d, 1, stride=2)])
def test_outputs_and_gradients_are_those_of_a_strided_convolution(
    kind: type[nn.Module], size: tuple[int, int], memory_format: torch.memory_format
) -> None:
    """Within 1e-4: sums over pixels are in another order where an odd size was padded, else the bits are equal."""
    torch.manual_seed(0)
    module = kind(20, 40).train().to(memory_format=memory_format)  # type: ignore[call-overload]
    x = torch.randn(6, 20, *size).contiguous(memory_format=memory_format)
    found = []
    for forward in (module, lambda image: strided(module, image)):
        image = x.clone().requires_grad_()
        with plain():
            y = forward(image)
        weights = torch.linspace(-1, 1, y.numel()).view_as(y)
        found.append((y, *torch.autograd.grad((y * weights).sum(), [image, *module.parameters()])))
        if forward is module:
            assert y.is_contiguous(memory_format=memory_format)
            assert found[-1][1].is_contiguous(memory_format=memory_format)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_parameters_are_named_as_before() -> None:
    """Checkpoints of older versions load."""
    shapes = {name: tuple(p.shape) for name, p in FactorizedReduction(6, 8).named_parameters()}
    assert shapes == {"even.weight": (4, 6, 1, 1), "odd.weight": (4, 6, 1, 1), "norm.weight": (8,), "norm.bias": (8,)}
    shapes = {name: tuple(p.shape) for name, p in ReluConvBN(6, 8, 1, stride=2).named_parameters()}
    assert shapes == {"1.weight": (8, 6, 1, 1), "2.weight": (8,), "2.bias": (8,)}


@pytest.mark.parametrize("name", OPERATIONS.names())
def test_no_operation_has_a_strided_pointwise_convolution(name: str) -> None:
    for layer in OPERATIONS.get(name).build(4, 4, 2).modules():
        assert not (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.stride != (1, 1))


def test_steps_on_large_images_do_not_crash() -> None:
    """In a process of its own, which the former modules killed by a segmentation fault."""
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stdout.strip() == "whole", done.stderr
