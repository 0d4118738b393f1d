"""A user's forward is cut only where that is the forward, to the bit; otherwise it stays whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import bnao
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig
from bnao.spaces.own import OwnSpace
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.testing.spaces import check_stages

TASK = Task(in_channels=3, image_size=(6, 6), num_classes=2)
X = torch.randn(3, 3, 6, 6, generator=torch.Generator().manual_seed(0))


def _layer() -> nn.Module:
    return bnao.OneOf({"k1": lambda: nn.Conv2d(3, 3, 1), "k3": lambda: nn.Conv2d(3, 3, 3, padding=1)})


class _Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = _layer(), _layer(), nn.BatchNorm2d(3)


class Row(_Base):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.b(self.norm(self.a(x)))).mean((2, 3))


class Residual(_Base):
    def forward(self, x: Tensor) -> Tensor:
        x = x + self.a(x)
        return (x + self.norm(self.b(x))).mean((2, 3))


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_layer(), nn.Identity(), nn.Sequential(_layer(), nn.Sequential(nn.ReLU()))])

    def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return scale * x.flatten(1)


class Nested(nn.Module):
    """A part of a class of its own stays one stage; its choice is in the key."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Row(), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


class Depends(_Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x)) if float(x.sum()) > 1e9 else self.a(x)


class OwnTensor(_Base):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.scale * self.a(x))


class Twice(_Base):
    """One batch norm in two places: statistics measured in stages would not be the network's."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.b(self.norm(self.a(x))))


class Random(_Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.b(F.dropout(self.a(x), 0.5, True))


class Precision(_Base):
    """A context that a trace does not see."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.b(self.a(x)).float()


class Gathered(nn.Module):
    """Parts that talk by a list: the second time a part is not called, the list is short."""

    def __init__(self) -> None:
        super().__init__()
        notes: list[Tensor] = []
        self.a, self.b, self.c = _layer(), _Push(notes), _Pop(notes)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.b(self.a(x)))


class _Push(nn.Module):
    def __init__(self, notes: list[Tensor]) -> None:
        super().__init__()
        self.notes = notes

    def forward(self, x: Tensor) -> Tensor:
        self.notes.append(x)
        return x


class _Pop(_Push):
    def forward(self, x: Tensor) -> Tensor:
        return x + self.notes.pop()


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = _layer(), nn.Linear(4, 3)

    def forward(self, x: Tensor, extra: Tensor) -> Tensor:
        return F.relu(self.a(x).mean((2, 3)) + self.b(extra))


def _supernet(build: Callable[[], nn.Module], inputs: Any = X[:1]) -> tuple[OwnSpace, Supernet]:
    torch.manual_seed(0)
    space = OwnSpace(build, inputs)
    return space, Supernet(space.skeleton(NetworkConfig(), TASK).build_supernet())


@pytest.mark.parametrize("build", [Row, Residual, Listed, Nested, lambda: nn.Sequential(_layer(), nn.ReLU(), _layer())])
def test_forwards_that_are_chains_are_cut(build: Callable[[], nn.Module]) -> None:
    space, supernet = _supernet(build)
    drawn = list({a.id: a for a in space.grammar.sample(8, generator(0, "drawn"))}.values())
    assert all(len(supernet.stages(a)) > 1 for a in drawn)
    assert len({supernet.stages(a)[0].key for a in drawn}) < len(drawn), "some begin alike"
    check_stages(supernet, drawn, X)


@pytest.mark.parametrize("build", [Depends, OwnTensor, Twice, Random, Precision, Gathered])
def test_other_forwards_stay_whole(build: Callable[[], nn.Module]) -> None:
    space, supernet = _supernet(build)
    for architecture in space.grammar.sample(3, generator(0, "drawn")):
        (stage,) = supernet.stages(architecture)
        assert stage.part is supernet.root and stage.key == architecture.tokens


def test_repetitions_share_the_blocks_that_both_have() -> None:
    space, supernet = _supernet(lambda: nn.Sequential(bnao.Repeat(lambda: nn.Conv2d(3, 3, 1), times=(1, 2, 3))))
    one, two, three = ([s.key for s in supernet.stages(space.grammar.nth(k))] for k in range(3))
    assert len(one) < len(two) < len(three)
    assert three[: len(two)] == two and two[: len(one)] == one


def test_inputs_by_name_and_by_place() -> None:
    extra = torch.ones(1, 4)
    for inputs in ({"x": X[:1], "extra": extra}, (X[:1], extra), {"extra": extra, "x": X[:1]}):
        space, supernet = _supernet(Two, inputs)
        assert len(supernet.stages(space.grammar.nth(0))) == 2, "what both inputs come together in, and the ReLU"


def test_tracing_leaves_no_trace_in_the_users_module() -> None:
    state, python = torch.get_rng_state(), random.getstate()
    space, supernet = _supernet(Row)
    torch.set_rng_state(state)
    modes = [m.training for m in supernet.root.modules()]
    supernet.stages(space.grammar.nth(0))
    assert modes == [m.training for m in supernet.root.modules()]
    assert torch.equal(torch.get_rng_state(), state) and random.getstate() == python
