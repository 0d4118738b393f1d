"""Counting modules, and bounds that hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bnao.cost.counting import Count, count_built, count_module
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.task import Task

TASK = Task(in_channels=3, image_size=(32, 32), num_classes=10)
SPACES = [NaoCellSpace(SpaceConfig(operations=ops, nodes=nodes)) for ops, nodes in (("small", 5), ("middle", 3))]
SKELETONS = [
    space.skeleton(NetworkConfig(cells_per_stage=1, channels=4, output=output), TASK)
    for space in SPACES
    for output in ("concat", "project")  # type: ignore[misc]
]
TABLES = [SizeTable(skeleton) for skeleton in SKELETONS]


@given(st.integers(0, 2**32), st.integers(0, len(TABLES) - 1))
@settings(deadline=None, max_examples=60)
def test_the_bound_is_never_exceeded(seed: int, which: int) -> None:
    skeleton, sizes, rng = SKELETONS[which], TABLES[which], generator(seed)
    drawn = skeleton.grammar.sample(50, rng)
    assert sizes.num_params(drawn).max() <= sizes.max_params()
    assert sizes.num_chosen_params(drawn).max() <= sizes.max_params(chosen_only=True)
    values_F = rng.exponential(size=skeleton.unit_pieces.shape[0]) * (rng.random(skeleton.unit_pieces.shape[0]) < 0.5)
    assert (skeleton.units(drawn) @ values_F).max() <= skeleton.upper_bound(values_F) * (1 + 1e-12)


def test_exact_mean_size_agrees_with_draws() -> None:
    for skeleton, sizes in zip(SKELETONS, TABLES, strict=True):
        drawn = skeleton.grammar.sample(4000, generator(0, "mean"))
        for chosen_only in (False, True):
            sampler = sizes.additive_sampler(1, chosen_only=chosen_only)
            sizes_P = sizes.num_chosen_params(drawn) if chosen_only else sizes.num_params(drawn)
            assert sampler is not None and sampler.moment(0) == skeleton.grammar.count()
            assert abs(sizes_P.mean() - sampler.mean) < 4.5 * sizes_P.std() / np.sqrt(len(drawn))


def test_counting_a_module() -> None:
    assert count_built(lambda: nn.Linear(8, 3), [(8,)]) == Count(27, 24)
    grouped = count_built(lambda: nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=4, bias=False), [(4, 9, 9)])
    assert grouped == Count(36, 25 * 9 * 4)
    with torch.device("meta"):
        frozen = nn.Sequential(nn.Identity(), nn.ReLU())
    assert count_module(frozen, [(4, 9, 9)]) == Count(0, 0)


def test_norms_and_activations_count_as_when_they_run() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1, bias=False))

    with torch.device("meta"):
        run = count_module(build().eval(), [(3, 9, 9)])
    assert count_built(build, [(3, 9, 9)]) == run == Count(224 + 16 + 32, 49 * (216 + 32))
    with pytest.raises(RuntimeError, match="8"):
        count_built(lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(4)), [(3, 9, 9)])


def test_the_whole_space_is_feasible() -> None:
    feasible = FeasibleSpace(SPACES[0].grammar)
    drawn = feasible.sample(5, generator(0))
    assert feasible.count() == SPACES[0].grammar.count() and all(map(feasible.contains, drawn))
    assert feasible.mutate(drawn[0], generator(1)) != drawn[0]
    assert len({a.id for a in feasible.sample_distinct(20, generator(0))}) == 20
