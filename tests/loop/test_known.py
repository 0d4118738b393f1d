from __future__ import annotations

import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.cost.sizes import SizeTable
from bnao.errors import ArchitectureError, SettingError
from bnao.loop.known import KnownArchitecture, known_architectures
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.storage.pool_csv import Known
from bnao.task import Task

SPACE = NaoCellSpace(SpaceConfig(nodes=2))
GRAMMAR = SPACE.grammar
TASK = Task(in_channels=3, image_size=(16, 16), num_classes=10)
SIZES = SizeTable(SPACE.skeleton(NetworkConfig(cells_per_stage=1, channels=4), TASK))
A, B = (GRAMMAR.parse(t) for t in ("0 1 1 2 0 1 2 3 | 0 1 1 2 0 1 2 3", "0 4 0 4 0 4 0 4 | 0 4 0 4 0 4 0 4"))
SWAPPED = "1 2 0 1 0 1 2 3 | 0 1 1 2 2 3 0 1"


def test_repeats_are_merged() -> None:
    known = [Known(SWAPPED, None, "l2"), Known(str(B), 0.25, "l3"), Known(str(A), -1.5, "l4"), Known(SWAPPED, -1.5)]
    found = known_architectures(known, FeasibleSpace(GRAMMAR))
    assert found == [KnownArchitecture(A, -1.5), KnownArchitecture(B, 0.25)]
    assert all(each.architecture.is_canonical for each in found)
    assert known_architectures([], FeasibleSpace(GRAMMAR)) == []


def test_two_scores_for_one_architecture() -> None:
    known = [Known(str(A), None, "line 2"), Known(str(A), 0.5, "line 3"), Known(SWAPPED, 0.25, "line 9")]
    with pytest.raises(SettingError, match=r"0\.5 \(line 3\) and 0\.25 \(line 9\)"):
        known_architectures(known, FeasibleSpace(GRAMMAR))


@pytest.mark.parametrize("text", ["", "0 1", "9 9 9 9 0 1 2 3 | 0 1 1 2 0 1 2 3", "zero", "1" * 5000])
def test_what_is_no_architecture(text: str) -> None:
    with pytest.raises(ArchitectureError, match=r"^'x\.csv' line 7: "):
        known_architectures([Known(str(A)), Known(text, 1.0, "'x.csv' line 7")], FeasibleSpace(GRAMMAR))


def test_what_breaks_the_limits() -> None:
    drawn = GRAMMAR.sample_distinct(50, generator(0))
    limits = Limits(max_params=int(sorted(SIZES.num_params(drawn))[30]))
    feasible = FeasibleSpace(GRAMMAR, SIZES, limits)
    keeps = feasible.contains_each(drawn)
    first = int((~keeps).argmax())
    known = [Known(str(a), None, f"line {k}") for k, a in enumerate(drawn)]
    with pytest.raises(SettingError, match=rf"{int((~keeps).sum())} of 50 do not, the first in line {first}:"):
        known_architectures(known, feasible)
    assert len(known_architectures([k for k, ok in zip(known, keeps, strict=True) if ok], feasible)) == keeps.sum()
