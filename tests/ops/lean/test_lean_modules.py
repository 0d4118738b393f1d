"""Where modules use operations of our own, and that they then do what torch's modules do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest
import torch
from torch import Tensor, nn

from bnao.ops import OPERATIONS
from bnao.ops.layers import FactorizedReduction, ReluConvBN
from bnao.ops.lean import when
from bnao.ops.lean.conv_norm import ConvNorm
from bnao.ops.lean.pixels import EveryPixel
from bnao.ops.lean.pool import AveragePool3x3
from bnao.ops.lean.project import ProjectNorm
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.mobile.layers import ConvBN
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.spaces.placing import place
from bnao.task import Task

BUILDS: dict[str, Callable[[], nn.Module]] = {
    "sep_conv_3x3": lambda: OPERATIONS.get("sep_conv_3x3").build(6, 6, 1),
    "sep_conv_5x5": lambda: OPERATIONS.get("sep_conv_5x5").build(6, 40, 2),
    "dil_conv_5x5": lambda: OPERATIONS.get("dil_conv_5x5").build(6, 6, 1),
    "avg_pool_3x3": lambda: OPERATIONS.get("avg_pool_3x3").build(6, 6, 1),
    "relu_conv_bn": lambda: ReluConvBN(6, 6, 3, stride=2),
    "relu_conv_bn_1x1": lambda: ReluConvBN(6, 6, stride=2),
    "reduction": lambda: FactorizedReduction(6, 6),
    "mobile": lambda: ConvBN(6, 6, 5, groups=6),
}


@pytest.fixture(autouse=True)
def _small_ones_too() -> Iterator[None]:
    torch.manual_seed(0)
    with patch.object(when, "SMALLEST", 0):
        yield


def images(*shape: int) -> Tensor:
    return torch.randn(*shape).contiguous(memory_format=torch.channels_last)


class Calls:
    """Counts what runs of our own."""

    def __init__(self) -> None:
        self.kinds: list[type] = []

    @property
    def number(self) -> int:
        return len(self.kinds)

    def __enter__(self) -> Calls:
        self._stack = [
            patch.object(kind, "apply", self._counting(kind))
            for kind in (ConvNorm, AveragePool3x3, ProjectNorm, EveryPixel)
        ]
        for patched in self._stack:
            patched.start()
        return self

    def __exit__(self, *error: object) -> None:
        for patched in self._stack:
            patched.stop()

    def _counting(self, kind: type[torch.autograd.Function]) -> Callable[..., object]:
        apply = kind.apply

        def call(*arguments: object) -> object:
            self.kinds.append(kind)
            return apply(*arguments)  # type: ignore[no-untyped-call]

        return call


@pytest.mark.parametrize("name", BUILDS)
def test_outputs_gradients_and_running_statistics(name: str) -> None:
    module = place(BUILDS[name](), torch.device("cpu")).train()
    other = copy.deepcopy(module)
    for step in range(2):
        x = images(4, 6, 7 + step, 6)
        a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
        with Calls() as calls:
            y = module(a)
        with Calls() as none, when.plain():
            z = other(b)
        assert calls.number > 0 and none.number == 0
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-5)
        weights = torch.randn_like(y)
        y.backward(weights)  # type: ignore[no-untyped-call]
        z.backward(weights)  # type: ignore[no-untyped-call]
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-4)
        for (key, p), q in zip(module.named_parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-4, atol=1e-4, msg=key)
    torch.testing.assert_close(module.state_dict(), other.state_dict())
    assert torch.equal(x, a)  # the input stays as it is


def test_bits_are_the_same_again() -> None:
    module = place(BUILDS["sep_conv_5x5"](), torch.device("cpu")).train()
    x, found = images(8, 6, 9, 9).requires_grad_(), []
    for _ in range(2):
        y = module(x)
        found.append((y, *torch.autograd.grad(y.square().sum(), [x, *module.parameters()])))
    assert all(torch.equal(p, q) for p, q in zip(*found, strict=True))


@pytest.mark.parametrize("name", BUILDS)
def test_torchs_modules_run_elsewhere(name: str) -> None:
    """Evaluation, no gradients, other types, memory formats and devices, hooks, autocast."""
    module, x = place(BUILDS[name](), torch.device("cpu")), images(4, 6, 8, 8).requires_grad_()
    with Calls() as calls:
        module.eval()(x)
        plain_memory = copy.deepcopy(module.train()).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        plain_memory(x.detach().contiguous().requires_grad_())
        with torch.no_grad():
            module(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            module(x)
        copy.deepcopy(module).double()(x.double())
        copy.deepcopy(module).to("meta")(x.to("meta"))
    assert calls.number == 0
    heard: list[nn.Module] = []
    handles = [m.register_forward_hook(lambda m, *_: heard.append(m)) for m in module.modules() if m is not module]
    if handles:
        with Calls() as calls:
            module(x)
        assert ConvNorm not in calls.kinds and len(heard) >= len(handles)
    for handle in handles:
        handle.remove()
    heard.clear()
    with nn.modules.module.register_module_forward_hook(lambda m, *_: heard.append(m)), Calls() as calls:
        module(x)
    assert ConvNorm not in calls.kinds and set(module.modules()) <= set(heard)


def test_other_settings_of_batch_norm_run_as_torchs() -> None:
    x = images(4, 6, 8, 8).requires_grad_()
    without_bias = nn.BatchNorm2d(6)
    without_bias.bias = None
    norms = (nn.BatchNorm2d(6, momentum=None), nn.BatchNorm2d(6, affine=False), nn.BatchNorm2d(6).eval(), without_bias)
    for norm in norms:
        layer = ReluConvBN(6, 6)
        layer[2] = norm
        with Calls() as calls:
            layer(x)
        assert calls.number == 0
    layer[2] = nn.BatchNorm2d(6, track_running_stats=False)
    with Calls() as calls:
        layer(x)
    assert calls.number == 1


@pytest.mark.parametrize("name", BUILDS)
def test_evaluation_can_be_differentiated_twice(name: str) -> None:
    module, x = place(BUILDS[name](), torch.device("cpu")).eval(), images(2, 6, 8, 8).requires_grad_()
    (first,) = torch.autograd.grad(module(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    assert second.shape == x.shape and second.abs().sum() > 0


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_a_trace_is_for_other_sizes_too() -> None:
    module, x = FactorizedReduction(6, 6).eval(), torch.randn(2, 6, 8, 8)
    traced = torch.jit.trace(module, x)  # type: ignore[attr-defined, no-untyped-call]
    for size in ((8, 8), (7, 9), (9, 8)):
        other = torch.randn(2, 6, *size)
        torch.testing.assert_close(traced(other), module(other))


def test_export_sees_torchs_modules() -> None:
    module, x = BUILDS["sep_conv_5x5"]().train(), images(2, 6, 8, 8)
    with Calls() as calls:
        program = torch.export.export(copy.deepcopy(module), (x,))
    assert calls.number == 0
    assert not [node for node in program.graph.nodes if "autograd" in str(node.target)]


def test_whole_networks() -> None:
    space = NaoCellSpace(SpaceConfig())
    network = NetworkConfig(cells_per_stage=1, channels=6, output="project")
    skeleton = space.skeleton(network, Task(in_channels=3, image_size=(16, 16), num_classes=5))
    module = skeleton.build_standalone(space.grammar.parse(PUBLISHED)).module
    ours = place(module, torch.device("cpu")).train()
    other, x = copy.deepcopy(ours), images(8, 3, 16, 16)
    with Calls() as calls:
        y = ours(x)
    assert calls.number > 20
    y.square().mean().backward()
    with when.plain():
        z = other(x)
        z.square().mean().backward()
    torch.testing.assert_close(y, z, rtol=1e-3, atol=1e-3)
    for (key, p), q in zip(ours.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=2e-2, atol=2e-3, msg=key)
    torch.testing.assert_close(ours.state_dict(), other.state_dict(), rtol=1e-3, atol=1e-3)
