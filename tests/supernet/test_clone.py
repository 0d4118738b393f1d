"""Paths are networks of their own that share nothing but parameters and buffers (DESIGN decision 1)."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.supernet.clone import clone_path

A, B = (Architecture((k,), (k,), (1,)) for k in (0, 1))


class OneOf(nn.Module):
    """A choice by the architecture's first token."""

    def __init__(self, *candidates: nn.Module) -> None:
        super().__init__()
        self.candidates = nn.ModuleList(candidates)

    def resolve(self, architecture: Architecture) -> nn.Module:
        return self.candidates[architecture.tokens[0]]

    def forward(self, x: Tensor) -> Tensor:
        raise AssertionError("unresolved")


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), OneOf(nn.Linear(4, 4), nn.BatchNorm1d(4)), nn.Dropout(0.5))


def test_the_tables_of_tensors_are_the_same_objects() -> None:
    root = network()
    path = clone_path(root, B)
    assert path[0] is not root[0] and path[0]._parameters is root[0]._parameters  # type: ignore[index]
    norm = root[1].candidates[1]  # type: ignore[union-attr, index]
    assert path[1]._buffers is norm._buffers and path[1]._parameters is norm._parameters  # type: ignore[index, union-attr]
    root[0].weight = nn.Parameter(torch.zeros(4, 4))
    assert path[0].weight is root[0].weight  # type: ignore[index, union-attr]
    assert [type(m) for m in path.children()] == [nn.Linear, nn.BatchNorm1d, nn.Dropout]


def test_modes_and_hooks_are_separate() -> None:
    root = network()
    a, b = clone_path(root, A), clone_path(root, B)
    a.eval()
    assert all(m.training for m in (*b.modules(), *root.modules())) and not any(m.training for m in a.modules())
    calls: list[str] = []
    a[0].register_forward_hook(lambda *_: calls.append("a"))  # type: ignore[index]
    b.register_forward_pre_hook(lambda *_: calls.append("b"))
    b(torch.randn(3, 4))
    assert calls == ["b"] and not root._forward_pre_hooks
    a(torch.randn(3, 4))
    assert calls == ["b", "a"]
    late = clone_path(root, A)
    late(torch.randn(3, 4))
    assert calls == ["b", "a"]


def test_hooks_of_the_original_come_along() -> None:
    root, calls = network(), []
    root[0].register_forward_hook(lambda *_: calls.append(1))
    clone_path(root, A)(torch.randn(3, 4))
    assert calls == [1]


def test_a_module_in_two_places_is_cloned_once() -> None:
    shared = nn.Linear(4, 4)
    path = clone_path(nn.Sequential(shared, nn.ReLU(), shared), A)
    assert path[0] is path[2] and path[0] is not shared  # type: ignore[index]
    assert len(list(path.parameters())) == 2


def test_choices_in_choices_and_in_several_places() -> None:
    inner = OneOf(nn.Linear(4, 4), nn.Tanh())
    root = nn.Sequential(OneOf(nn.Sequential(inner, nn.ReLU()), OneOf(nn.ReLU(), inner)), inner)
    a, b = clone_path(root, A), clone_path(root, B)
    assert not any(isinstance(m, OneOf) for path in (a, b) for m in path.modules())
    assert isinstance(a[0][0], nn.Linear) and a[0][0] is a[1] and isinstance(b[0], nn.Tanh)  # type: ignore[index]


def test_a_choice_may_be_the_root() -> None:
    assert isinstance(clone_path(OneOf(nn.ReLU(), nn.Tanh()), B), nn.Tanh)


def test_unresolved_choices_raise() -> None:
    with pytest.raises(AssertionError, match="unresolved"):
        network()(torch.randn(2, 4))


def test_statistics_gathered_through_a_path_are_the_supernets() -> None:
    root = network()
    norm = root[1].candidates[1]  # type: ignore[union-attr, index]
    before = norm.running_mean.clone()  # type: ignore[union-attr, operator]
    clone_path(root, B)(torch.randn(8, 4) + 3)
    assert not torch.equal(norm.running_mean, before) and int(norm.num_batches_tracked) == 1  # type: ignore[union-attr, arg-type]


def test_a_deep_copy_is_free_of_the_supernet() -> None:
    root = network()
    copied = copy.deepcopy(clone_path(root, A)).double()
    assert root[0].weight.dtype == torch.float32 and copied[0].weight.dtype == torch.float64  # type: ignore[index, union-attr]
    assert not set(map(id, copied.parameters())) & set(map(id, root.parameters()))


def test_a_compiled_call_is_dropped() -> None:
    root = network()
    root[0]._compiled_call_impl = lambda *_: pytest.fail("the original was called")  # type: ignore[assignment]
    clone_path(root, A)(torch.randn(2, 4))
