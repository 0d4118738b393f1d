"""Every registered operation, and what the suite must catch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bnao.errors import SettingError
from bnao.ops import OPERATIONS, Operation
from bnao.ops.layers import FactorizedReduction
from bnao.testing.operations import check_operation


@pytest.mark.parametrize("name", OPERATIONS.names())
def test_conformance(name: str) -> None:
    assert OPERATIONS.get(name).name == name
    check_operation(OPERATIONS.get(name))


class Broken(Operation):
    """A 3x3 convolution with one fault."""

    def __init__(self, fault: str) -> None:
        self.fault, self.kept = fault, nn.Conv2d(8, 8, 3, padding=1, bias=False)

    @property
    def name(self) -> str:
        return "broken"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        if self.fault == "shared" and stride == 1 and c_in == c_out:
            return self.kept
        padding = 0 if self.fault == "shape" else 1
        conv = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=padding, bias=self.fault == "bias")
        norm = nn.BatchNorm2d(c_out, affine=self.fault != "affine")
        if self.fault == "in place":
            return nn.Sequential(InPlaceRelu(), conv, norm)
        return nn.Sequential(conv, norm)


class InPlaceRelu(nn.Module):
    """Changes its input."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x.clamp_(min=0)
        return x * 1


@pytest.mark.parametrize("fault", ["shared", "shape", "bias", "affine", "in place"])
def test_the_suite_catches_faults(fault: str) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        check_operation(Broken(fault))
    check_operation(Broken("none"))


def test_pools_do_not_count_padding() -> None:
    ones = torch.ones(1, 2, 5, 5)
    for name in ("avg_pool_3x3", "max_pool_3x3"):
        for stride in (1, 2):
            assert torch.equal(OPERATIONS.get(name).build(2, 2, stride)(ones), ones[:, :, ::stride, ::stride])
    with pytest.raises(SettingError, match="keeps its width"):
        OPERATIONS.get("max_pool_3x3").build(2, 4, 1)


def test_zero_passes_nothing_and_identity_everything() -> None:
    x = torch.full((1, 2, 3, 3), torch.inf)
    assert torch.equal(OPERATIONS.get("zero").build(2, 2, 2)(x), torch.zeros(1, 2, 2, 2))
    assert torch.equal(OPERATIONS.get("identity").build(2, 2, 1)(x), x)
    with pytest.raises(SettingError, match="zero keeps its width"):
        OPERATIONS.get("zero").build(2, 4, 1)
    with pytest.raises(SettingError, match="identity keeps its width"):
        OPERATIONS.get("identity").build(2, 4, 1)


def test_factorized_reduction_sees_both_grids_and_halves_even_widths_only() -> None:
    layer = FactorizedReduction(1, 2).eval()
    with torch.no_grad():
        layer.even.weight.fill_(1.0)
        layer.odd.weight.fill_(1.0)
    x = torch.arange(9.0).view(1, 1, 3, 3)
    wanted = torch.tensor([[[[0.0, 2.0], [6.0, 8.0]], [[4.0, 0.0], [0.0, 0.0]]]])
    torch.testing.assert_close(layer(x), wanted, rtol=1e-4, atol=1e-4)
    with pytest.raises(SettingError, match="must be even"):
        FactorizedReduction(4, 5)


def test_separable_convolutions_count_as_the_method_says() -> None:
    def params(name: str) -> int:
        return sum(p.numel() for p in OPERATIONS.get(name).build(6, 6, 1).parameters())

    for k in (3, 5, 7):
        once = k * k * 6 + 6 * 6 + 2 * 6
        assert params(f"sep_conv_{k}x{k}") == 2 * once and params(f"dil_conv_{k}x{k}") == once
