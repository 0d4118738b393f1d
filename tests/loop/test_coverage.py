"""Coverage: every choice is listed, steps add up, size classes are deciles of uniform draws."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.errors import ArchitectureError
from bnao.loop.coverage import Coverage, RoundCoverage, round_coverage
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.storage import from_dict, to_plain
from bnao.task import Task

TASK = Task(in_channels=3, image_size=(16, 16), num_classes=10)
NETWORK = NetworkConfig(cells_per_stage=1, channels=4, output="concat")
SPACE = NaoCellSpace(SpaceConfig(nodes=3))
SIZES = SizeTable(SPACE.skeleton(NETWORK, TASK))
FEASIBLE = FeasibleSpace(SPACE.grammar)


def cover(counts: dict[str, int], *, number: int = 1, space: NaoCellSpace = SPACE) -> RoundCoverage:
    sizes = SIZES if space is SPACE else SizeTable(space.skeleton(NETWORK, TASK))
    return round_coverage(number, counts, space, sizes, FeasibleSpace(space.grammar), 0)


def test_a_path_counts_its_choices_once_for_each_step() -> None:
    drawn = [SPACE.grammar.shuffle(a, generator(1)) for a in FEASIBLE.sample_distinct(200, generator(0))]
    counts = {str(a): 1 + k % 7 for k, a in enumerate(drawn)}
    coverage = cover(counts)
    assert coverage.round == 1 and coverage.steps == sum(counts.values())
    expected = Counter(c for a in drawn for c in SPACE.choices(a) * counts[str(a)])
    assert [(c.kind, c.place, c.option) for c in coverage.choices] == [
        (c.kind, c.place, c.option) for c in SPACE.all_choices()
    ]
    assert [c.steps for c in coverage.choices] == [expected[c] for c in SPACE.all_choices()]
    by_place = Counter[tuple[str, str]]()
    for choice in coverage.choices:
        by_place[choice.kind, choice.place] += choice.steps
    assert set(by_place.values()) == {coverage.steps}


def test_what_was_never_trained_is_listed() -> None:
    coverage = cover({})
    assert coverage.steps == 0 and len(coverage.choices) == len(SPACE.all_choices())
    assert not any(c.steps for c in coverage.choices) and not any(s.steps for s in coverage.sizes)


def test_size_classes_are_deciles() -> None:
    drawn = FEASIBLE.sample(3000, generator(5))
    counts = Counter(map(str, drawn))
    classes = cover(dict(counts)).sizes
    assert len(classes) == 10
    assert all(one.high == two.low and one.low < one.high for one, two in pairwise(classes))
    assert sum(c.share for c in classes) == pytest.approx(1.0) and sum(c.steps for c in classes) == 3000
    # Uniform training trains each class in its share of the steps; no random draw is far from it.
    assert all(abs(c.share - 0.1) < 0.03 and abs(c.steps / 3000 - c.share) < 0.04 for c in classes)
    sizes = SIZES.num_params(drawn)
    middle = classes[4]
    assert middle.steps == int(((sizes >= middle.low) & (sizes < middle.high)).sum())


def test_sizes_beyond_the_draws_fall_into_the_end_classes() -> None:
    drawn = FEASIBLE.sample(100_000, generator(1))
    params = SIZES.num_params(drawn)
    smallest, largest = (str(drawn[k]) for k in (params.argmin(), params.argmax()))
    classes = cover({smallest: 3, largest: 5}).sizes
    assert params.min() <= classes[0].low and params.max() > classes[-1].high
    assert [c.steps for c in classes] == [3, *[0] * 8, 5]


def test_equal_deciles_are_merged() -> None:
    few = NaoCellSpace(SpaceConfig(nodes=1, operations="identity,max_pool_3x3"))  # only unused inputs cost
    classes = cover({"0 1 0 1 | 0 1 0 1": 2, "0 0 0 0 | 0 0 0 0": 1}, space=few).sizes
    assert 1 <= len(classes) < 10 and sum(c.share for c in classes) == pytest.approx(1.0)
    assert sum(c.steps for c in classes) == 3 and all(c.low < c.high and c.share > 0 for c in classes)
    same = NaoCellSpace(SpaceConfig(nodes=1, operations="identity"))
    sizes = SizeTable(same.skeleton(NetworkConfig(cells_per_stage=1, channels=4, output="project"), TASK))
    text = "0 0 0 0 | 0 0 0 0"
    (only,) = round_coverage(1, {text: 4}, same, _Constant(sizes), FeasibleSpace(same.grammar), 0).sizes
    assert only.low == only.high == 7 and only.steps == 4 and only.share == 1.0


class _Constant(SizeTable):
    """Every network is of one size."""

    def __init__(self, sizes: SizeTable) -> None:
        self.skeleton = sizes.skeleton

    def num_params(self, architectures):  # type: ignore[no-untyped-def]
        return np.full(len(architectures), 7, dtype=np.int64)


def test_classes_are_those_of_the_seed_in_every_round() -> None:
    text = str(FEASIBLE.sample(1, generator(0))[0])
    assert cover({text: 1}).sizes == cover({text: 1}, number=2).sizes
    other = round_coverage(1, {text: 1}, SPACE, SIZES, FEASIBLE, 1)
    assert [c.low for c in other.sizes] != [c.low for c in cover({text: 1}).sizes]


def test_round_trip() -> None:
    text = str(FEASIBLE.sample(1, generator(0))[0])
    coverage = Coverage(rounds=[cover({text: 2}), cover({}, number=2)])
    assert from_dict(Coverage, json.loads(json.dumps(to_plain(coverage)))) == coverage


def test_a_text_of_another_space_is_an_error() -> None:
    with pytest.raises(ArchitectureError):
        cover({"0 0 0 0 | 0 0 0 0": 1})


def test_many_distinct_architectures() -> None:
    """20,000 paths of the paper's space: a few seconds at most (not timed: it is linear)."""
    space = NaoCellSpace(SpaceConfig())
    counts = dict.fromkeys(map(str, FeasibleSpace(space.grammar).sample_distinct(20_000, generator(0))), 1)
    coverage = cover(counts, space=space)
    assert coverage.steps == 20_000 == sum(c.steps for c in coverage.sizes)
    assert all(c.steps > 0 for c in coverage.choices)
