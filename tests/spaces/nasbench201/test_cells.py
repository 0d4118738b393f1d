"""Which cells of NAS-Bench-201 are the same network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bnao.errors import ArchitectureError
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nasbench201 import NasBench201Space
from bnao.spaces.nasbench201.cells import classes, expression, is_connected, live_edges, representatives
from bnao.task import Task
from bnao.testing.policies import check_frequencies

CELLS = st.tuples(*[st.integers(0, 4)] * 6)
SPACE = NasBench201Space(SpaceConfig(name="nasbench201"))


def test_the_numbers_of_the_benchmark() -> None:
    assert len(classes()) == 5**6
    assert len(representatives()) == SPACE.grammar.count() == 6466
    assert [SPACE.grammar.nth(k).tokens for k in range(6466)] == sorted(representatives())


@pytest.mark.parametrize("rank", [-1, 6466])
def test_ranks_out_of_range_are_refused(rank: int) -> None:
    with pytest.raises(ArchitectureError, match=f"below count.., 6,466; received {rank}: choose"):
        SPACE.grammar.nth(rank)


@given(CELLS)
def test_one_id_for_a_class(cell: tuple[int, ...]) -> None:
    forms = classes()[cell]
    assert {expression(form) for form in forms} == {expression(cell)}
    architectures = [SPACE.grammar.architecture(form) for form in (cell, *forms)]
    assert len({a.id for a in architectures}) == 1
    assert SPACE.grammar.canonical(architectures[0]).tokens == forms[0]
    least = {form.count(3) for form in forms}
    assert least == {min(form.count(3) for form in forms)}
    assert cell.count(3) >= least.pop()


@given(CELLS, CELLS)
def test_two_classes_have_two_ids(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    same = SPACE.grammar.architecture(one).id == SPACE.grammar.architecture(other).id
    assert same == (expression(one) == expression(other))


@given(CELLS)
def test_live_edges_by_walking_all_paths(cell: tuple[int, ...]) -> None:
    edges = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
    on_path = set()
    for middle in itertools.chain.from_iterable(itertools.combinations((1, 2), k) for k in range(3)):
        walk = [edge[::-1] for edge in itertools.pairwise((0, *middle, 3))]
        if all(cell[edges.index(edge)] for edge in walk):
            on_path |= set(walk)
    assert live_edges(cell) == tuple(edge in on_path for edge in edges)
    assert is_connected(cell) == bool(on_path)


def test_members_of_a_class_compute_the_same() -> None:
    """With weights that depend on the operation alone, only the formula of a cell is left."""
    skeleton = SPACE.skeleton(
        NetworkConfig(cells_per_stage=1, channels=2), Task(in_channels=3, image_size=(8, 8), num_classes=3)
    )
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    rng = generator(0, "classes")
    members: dict[str, list[tuple[int, ...]]] = {}
    for cell in classes():
        members.setdefault(expression(cell), []).append(cell)
    groups = [group for group in members.values() if len(group) > 1]
    for k in rng.permutation(len(groups))[:12]:
        outputs = []
        for cell in groups[k][:6]:
            network = skeleton.build_standalone(SPACE.grammar.architecture(cell)).module.eval()
            for module in network.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    shape = module.weight.shape
                    values = torch.sin(torch.arange(module.weight.numel(), dtype=torch.float32)) / np.sqrt(shape[1])
                    module.weight.data = values.reshape(shape)
                if isinstance(module, nn.Linear):
                    module.bias.data.zero_()
            with torch.no_grad():
                outputs.append(network(x))
        for output in outputs[1:]:
            torch.testing.assert_close(output, outputs[0], rtol=1e-4, atol=1e-5)


def test_shuffle_draws_each_least_form_alike() -> None:
    forms = max(classes().values(), key=len)
    one, rng = SPACE.grammar.architecture(forms[0]), generator(0, "shuffle")
    drawn = [SPACE.grammar.shuffle(one, rng) for _ in range(30 * len(forms))]
    assert {a.id for a in drawn} == {one.id}
    counts = {form: sum(a.tokens == form for a in drawn) for form in forms}
    assert sum(counts.values()) == len(drawn) and min(counts.values()) > 0


def test_draws_are_uniform_over_distinct_cells() -> None:
    drawn = SPACE.grammar.sample(100_000, generator(0, "uniform"))
    check_frequencies(drawn, {SPACE.grammar.nth(k).id: 1.0 for k in range(6466)})
