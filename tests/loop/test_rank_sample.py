"""Which architectures are drawn, and what is counted of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnao.loop.rank.counts import live_architectures, operation_counts
from bnao.loop.rank.plan import RankPlan
from bnao.loop.rank.sample import STRATA, sample_order
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import SpaceConfig

UNIFORM = RankPlan(round=1, architectures=5, stratify="none", second_seed=0, seed=0)
BY_SIZE = replace(UNIFORM, stratify="size")


@pytest.mark.parametrize("plan", [UNIFORM, BY_SIZE])
@pytest.mark.parametrize("num", [5, 7, 64])
def test_every_architecture_once_by_the_seed(plan: RankPlan, num: int) -> None:
    sizes = generator(0, "sizes").integers(1, 9, num)
    order = sample_order(sizes, plan)
    assert sorted(order) == list(range(num)) and order == sample_order(sizes, plan)
    assert order != sample_order(sizes, replace(plan, seed=1))


def test_a_uniform_draw_takes_each_equally_often() -> None:
    drawn = np.zeros(10)
    for seed in range(2000):
        drawn[sample_order(np.arange(10), replace(UNIFORM, seed=seed))[:3]] += 1
    assert abs(drawn - 600).max() < 5 * np.sqrt(600 * 0.7)


def test_any_beginning_holds_equal_numbers_of_each_class_of_size() -> None:
    sizes = generator(0, "sizes").permutation(100)
    for n in range(1, 101):
        counts = np.bincount(sizes[sample_order(sizes, BY_SIZE)[:n]] // (100 // STRATA), minlength=STRATA)
        assert counts.max() - counts.min() <= 1


def test_sizes_that_are_all_equal_are_no_difficulty() -> None:
    assert len(set(sample_order([7] * 23, BY_SIZE))) == 23


@pytest.fixture(scope="module", autouse=True)
def spaces() -> None:
    load_spaces()


def test_nao_cells_count_each_operation_wherever_it_stands() -> None:
    space = make_space(SpaceConfig(nodes=1))
    found = operation_counts(space, [space.grammar.parse("0 1 1 1 | 0 4 1 0")])
    assert dict(zip(found.names, found.counts_PO[0], strict=True)) == {
        "identity": 1, "sep_conv_3x3": 1, "sep_conv_5x5": 2,
    }  # fmt: skip
    assert live_architectures(space, [space.grammar.parse("0 1 1 1 | 0 4 1 0")]) is None


def test_nasbench201_counts_what_is_live() -> None:
    space = make_space(SpaceConfig(name="nasbench201"))
    cell = space.grammar.parse("3 | 0 0 | 1 0 2")  # the two convolutions lead nowhere or come from nowhere
    assert str(space.live(cell)) == "0 | 0 0 | 1 0 0"
    found = operation_counts(space, [cell, space.grammar.parse("0 | 0 0 | 3 0 0")])
    assert found.names == ["none", "nor_conv_3x3", "skip_connect"] and found.counts_PO == [[5, 0, 1], [5, 1, 0]]
    assert live_architectures(space, [cell]) == [space.live(cell)]
