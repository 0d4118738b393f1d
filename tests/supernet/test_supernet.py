"""The supernet of NAO cells: its cache, shared statistics, inheritance."""

from __future__ import annotations

import pytest
import torch

from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.supernet import StandAlone, Supernet
from bnao.task import Task

SPACE = NaoCellSpace(SpaceConfig(nodes=2, operations="sep_conv_3x3,identity"))
SKELETON = SPACE.skeleton(
    NetworkConfig(cells_per_stage=1, channels=4, output="project"),
    Task(in_channels=3, image_size=(8, 8), num_classes=3),
)
X = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_the_cache_is_bounded_and_keyed_by_ordered_tokens() -> None:
    supernet = Supernet(SKELETON.build_supernet(), cache_size=3)
    drawn = SPACE.grammar.sample_distinct(5, generator(0))
    first = supernet.path(drawn[0])
    assert supernet.path(drawn[0]) is first
    paths = [supernet.path(a) for a in drawn[1:3]]
    assert supernet.path(drawn[0]) is first and supernet.path(drawn[1]) is paths[0]
    supernet.path(drawn[3])  # drops drawn[2], the least recently used
    assert supernet.path(drawn[0]) is first and supernet.path(drawn[2]) is not paths[1]
    one = SPACE.grammar.parse("0 0 1 0 0 0 1 0 | 0 0 1 0 0 0 1 0")
    other = SPACE.grammar.parse("1 0 0 0 0 0 1 0 | 0 0 1 0 0 0 1 0")
    assert one.id == other.id and supernet.path(one) is not supernet.path(other)
    assert not torch.equal(supernet.path(one).eval()(X), supernet.path(other).eval()(X))


def test_paths_do_not_appear_in_the_module_tree() -> None:
    supernet = Supernet(SKELETON.build_supernet())
    names = set(supernet.root.state_dict())
    supernet.path(SPACE.grammar.sample(1, generator(0))[0])
    assert set(supernet.root.state_dict()) == names


def test_a_step_on_a_path_is_a_step_of_the_supernet_and_of_nothing_else() -> None:
    supernet = Supernet(SKELETON.build_supernet())
    one = SPACE.grammar.sample(1, generator(1))[0]
    entry = supernet.entry(one)
    before = {name: tensor.clone() for name, tensor in supernet.root.state_dict().items()}
    entry.module.train()(X).square().sum().backward()
    with torch.no_grad():
        for parameter in entry.parameters:
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad
    on_path = {t.data_ptr() for t in entry.module.state_dict().values()}
    changed = [n for n, t in supernet.root.state_dict().items() if not torch.equal(t, before[n])]
    tensors = supernet.root.state_dict()
    assert changed and all(tensors[name].data_ptr() in on_path for name in changed)
    assert any("running_mean" in name for name in changed) and any("weight" in name for name in changed)
    assert {id(p) for p in entry.module.parameters()} == {id(p) for p in entry.parameters}


def test_the_supernet_itself_cannot_be_called() -> None:
    with pytest.raises(AssertionError, match="unresolved choice"):
        Supernet(SKELETON.build_supernet()).root(X)


def test_inherited_weights_are_a_copy() -> None:
    supernet = Supernet(SKELETON.build_supernet())
    one = SPACE.grammar.sample(1, generator(2))[0]
    state = supernet.inherited_state(one)
    for tensor in state.values():
        tensor.zero_()
    assert any(bool(p.any()) for p in supernet.path(one).parameters())


def test_a_stand_alone_network_is_its_own_path() -> None:
    one = SPACE.grammar.sample(1, generator(2))[0]
    alone = StandAlone(SKELETON.build_standalone(one))
    assert alone.entry(one).module is alone.root
    assert len(alone.entry(one).parameters) == len(list(alone.root.parameters()))
    assert alone.progress.value == 0.0
