"""Layers that read one tensor share its ReLU, and compute what each would compute alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from bnao.ops import OPERATIONS
from bnao.ops.layers import ReluConvBN
from bnao.ops.shared import Shared
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.spaces.nao_cell.cell import Cell
from bnao.spaces.nasbench201 import NasBench201Space
from bnao.supernet.clone import clone_path
from bnao.task import Task

SHARING = ("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "nor_conv_3x3", "nor_conv_1x1")


class Rectifications(TorchDispatchMode):
    """Counts ReLUs."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += func.overloadpacket in (torch.ops.aten.relu, torch.ops.aten.clamp_min, torch.ops.aten.clamp_min_)
        return func(*args, **(kwargs or {}))


def operation(name: str) -> nn.Module:
    return OPERATIONS.get(name).build(4, 4, 1)


@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients(training: bool) -> None:
    torch.manual_seed(0)
    layers = [operation(name).train(training) for name in (*SHARING, "max_pool_3x3", "identity")]
    parameters = [p for layer in layers for p in layer.parameters()]
    x = torch.randn(2, 4, 5, 5, requires_grad=True)
    shared = Shared(x)
    together = [shared.into(layer) for layer in layers]
    alone = [layer(x) for layer in layers]
    for a, b in zip(together, alone, strict=True):
        assert torch.equal(a, b)
    weights = [torch.randn_like(y) for y in alone]
    found, wanted = (torch.autograd.grad(outputs, [x, *parameters], weights) for outputs in (together, alone))
    torch.testing.assert_close(found, wanted)


def test_the_relu_of_a_tensor_is_computed_once() -> None:
    layers = [operation(name) for name in ("nor_conv_3x3", "nor_conv_1x1", "nor_conv_3x3")]
    with Rectifications() as counted:
        shared = Shared(torch.randn(2, 4, 5, 5))
        for layer in layers:
            shared.into(layer)
    assert counted.number == 1


def test_a_relu_that_somebody_watches_or_replaces_runs() -> None:
    shared, heard = Shared(torch.randn(2, 4, 5, 5)), []
    watched, replaced, plain = (ReluConvBN(4, 4) for _ in range(3))
    watched[0].register_forward_hook(lambda *_: heard.append(1))
    replaced[0] = nn.Sigmoid()
    for layer in (watched, replaced):
        torch.testing.assert_close(shared.into(layer), layer[2](layer[1](layer[0](shared.tensor))))
    plain.register_forward_hook(lambda *_: heard.append(2))
    shared.into(plain)
    assert heard == [1, 1, 2]


def test_who_watches_a_layer_sees_its_one_input() -> None:
    shared, layer, heard = Shared(torch.randn(2, 4, 5, 5)), ReluConvBN(4, 4), list[Any]()
    shared.into(ReluConvBN(4, 4))
    layer.register_forward_pre_hook(lambda _module, inputs: heard.extend(inputs))
    shared.into(layer)
    assert [x is shared.tensor for x in heard] == [True]


class OfOne(ReluConvBN):
    """A user's: it takes one tensor."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x) + 1


def test_layers_of_users() -> None:
    shared = Shared(torch.randn(2, 4, 5, 5))
    derived, patched, longer = OfOne(4, 4), ReluConvBN(4, 4), ReluConvBN(4, 4)
    before = patched.forward
    patched.forward = lambda x: before(x) + 1  # type: ignore[method-assign, assignment]
    for layer in (derived, patched):
        torch.testing.assert_close(shared.into(layer), layer[2](layer[1](layer[0](shared.tensor))) + 1)
    longer.append(nn.Sigmoid())
    with pytest.raises(ValueError, match="too many values to unpack"):
        shared.into(longer)


def test_what_sees_only_some_pixels_rectifies_those() -> None:
    shared, layer = Shared(torch.randn(2, 4, 8, 8)), ReluConvBN(4, 4, stride=2)
    assert not layer.can_share() and torch.equal(shared.into(layer), layer(shared.tensor))


def test_a_layer_that_changes_nothing_passes_the_object_on() -> None:
    shared, heard = Shared(torch.randn(1, 2, 3, 3)), list[Tensor]()
    identity = nn.Identity()
    assert shared.through(identity) is shared
    identity.register_forward_hook(lambda _module, inputs, _output: heard.append(inputs[0]))
    assert shared.through(identity) is not shared and heard == [shared.tensor]


def test_one_object_for_one_tensor() -> None:
    x, y = torch.zeros(1), torch.zeros(1)
    a, b, c = Shared.of(x, x, y)
    assert a is b and a is not c


def cells_and_network() -> tuple[list[nn.Module], nn.Module]:
    """A network of NAO cells with drop-path at work, and its cells."""
    torch.manual_seed(0)
    space, task = NaoCellSpace(SpaceConfig()), Task(in_channels=3, image_size=(16, 16), num_classes=5)
    skeleton = space.skeleton(NetworkConfig(cells_per_stage=1, channels=4, drop_path_keep=0.5), task)
    built = skeleton.build_standalone(space.grammar.parse(PUBLISHED))
    return [module for module in built.module.modules() if isinstance(module, Cell)], built.module


@pytest.mark.parametrize("reentrant", [True, False])
def test_cells_can_be_checkpointed(reentrant: bool) -> None:
    (_, plain), (cells, again) = cells_and_network(), cells_and_network()
    for cell in cells:
        cell.forward = partial(checkpoint, cell.forward, use_reentrant=reentrant)  # type: ignore[method-assign]
    x = torch.randn(2, 3, 16, 16)
    for network in (plain, again):
        network(x).square().sum().backward()
    wanted, found = ([p.grad for p in network.parameters()] for network in (plain, again))
    assert all(gradient is not None for gradient in wanted[1:])
    torch.testing.assert_close(found, wanted)


def test_who_watches_cells_sees_tensors_and_gradients() -> None:
    cells, network = cells_and_network()
    seen: list[Any] = []
    for cell in cells:
        cell.register_forward_pre_hook(lambda _module, inputs: seen.extend(inputs))
        cell.register_full_backward_hook(lambda _module, grads, _: seen.extend(grads))
    network(torch.randn(2, 3, 16, 16)).sum().backward()
    assert len(seen) == 4 * len(cells) and all(isinstance(x, Tensor) for x in seen)


def test_who_watches_drop_paths_sees_all_of_them() -> None:
    cells, network = cells_and_network()
    heard: list[int] = []
    for cell in cells:
        cell.drop_path.register_forward_hook(lambda *_: heard.append(1))  # type: ignore[union-attr]
    network(torch.randn(2, 3, 16, 16))
    assert len(heard) == 10 * len(cells)


def test_networks_rectify_each_state_once() -> None:
    """All edges are 3x3 convolutions: edges leave 3 states of each of 3 cells; 2 residual blocks have 2 ReLUs each."""
    space = NasBench201Space(SpaceConfig(name="nasbench201"))
    task = Task(in_channels=3, image_size=(16, 16), num_classes=5)
    skeleton = space.skeleton(NetworkConfig(cells_per_stage=1, channels=4), task)
    text = " | ".join(" ".join("3" for _ in range(k)) for k in (1, 2, 3))
    network = skeleton.build_standalone(space.grammar.parse(text)).module
    with Rectifications() as counted:
        network(torch.randn(2, 3, 16, 16))
    assert counted.number == 3 * 3 + 2 * 2 + 1  # the head has one


def test_the_supernets_path_and_the_network_alone_share_alike() -> None:
    space = NaoCellSpace(SpaceConfig())
    task = Task(in_channels=3, image_size=(16, 16), num_classes=5)
    skeleton = space.skeleton(NetworkConfig(cells_per_stage=1, channels=4, output="project"), task)
    architecture, found = space.grammar.parse(PUBLISHED), []
    for module in (
        skeleton.build_standalone(architecture).module,
        clone_path(skeleton.build_supernet().module, architecture),
    ):
        with Rectifications() as counted:
            module(torch.randn(2, 3, 16, 16))
        found.append(counted.number)
    assert found[0] > 0 and found[0] == found[1]
