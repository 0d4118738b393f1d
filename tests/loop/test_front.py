"""Fronts of quality against cost: what they hold, by brute force; of a finished run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnao.loop.front import FrontPoint, make_front, non_dominated, pool_fronts, trained_fronts
from bnao.loop.result import MetricInfo, SearchResult, Trained, Winner
from bnao.storage import PoolEntry

NUMBERS = st.one_of(st.integers(-3, 3).map(float), st.floats(-9, 9), st.just(math.nan), st.just(math.inf))


def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] >= b[0] and a[1] <= b[1] and a != b


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30))
def test_the_front_is_what_is_not_dominated(points: list[tuple[float, float]]) -> None:
    found = non_dominated([q for q, _ in points], [c for _, c in points])
    finite = [p for p in points if all(map(math.isfinite, p))]
    for point, in_front in zip(points, found, strict=True):
        if not all(map(math.isfinite, point)):
            assert not in_front
        else:
            assert in_front == (not any(dominates(other, point) for other in finite))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30), st.booleans())
def test_each_finite_point_is_in_the_front_or_beaten_by_a_member(points: list[tuple[float, float]], up: bool) -> None:
    found = [FrontPoint(id=str(k), architecture="", quality=q, cost=c) for k, (q, c) in enumerate(points)]
    front, sign = make_front("metric", "parameters", found, higher_is_better=up), 1 if up else -1
    finite = [p for p in found if math.isfinite(p.quality) and math.isfinite(p.cost)]
    assert sorted(p.id for p in [*front.points, *front.others]) == sorted(p.id for p in finite)
    assert [p.cost for p in front.points] == sorted(p.cost for p in front.points)
    for other in front.others:
        assert any(dominates((sign * p.quality, p.cost), (sign * other.quality, other.cost)) for p in front.points)
    qualities = [sign * p.quality for p in front.points]
    assert qualities == sorted(qualities)


def _trained(id: str, valid: float, params: int, arm: str = "searched", **others: float) -> Trained:
    values = {"macs": 10 * params, "latency_ms": None, **others}
    return Trained(
        architecture=id, id=id, arm=arm, score=None, valid_metric=valid, test_metric=None, num_params=params,
        seconds=1.0, **values,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def result() -> Callable[..., SearchResult]:
    def make(*trained: Trained, **others: object) -> SearchResult:
        winner = Winner(
            architecture="a", id="a", mode="rerank", output="", test_metric=0.5, test_standard_error=0.1,
            measured_on="test", num_params=1, num_params_with_auxiliary=1, macs=1,
        )  # fmt: skip
        return SearchResult(
            recipe="r", seed=0, space="s", space_size="9", data="d", winner=winner, trained=list(trained), **others
        )  # type: ignore[arg-type]

    return make


def test_of_networks_trained_alone(result: Callable[..., SearchResult]) -> None:
    found = trained_fronts(
        result(_trained("a", 0.7, 10), _trained("b", 0.8, 20), _trained("c", 0.7, 30, "random"), _trained("a", 0.6, 10))
    )
    assert set(found) == {"params", "macs"}
    assert [p.id for p in found["params"].points] == ["a", "b"] and found["params"].is_share
    assert found["params"].points[0].quality == 0.7  # its first training counts
    assert found["params"].quality == "validation accuracy"
    error = MetricInfo(name="error", higher_is_better=False)
    lower = trained_fronts(result(_trained("a", 0.7, 10), _trained("b", 0.8, 20), metric=error))
    assert [p.id for p in lower["params"].points] == ["a"]
    timed = trained_fronts(result(_trained("a", 0.7, 10, latency_ms=3.0), _trained("b", 0.7, 20, latency_ms=1.0)))
    assert [p.id for p in timed["latency_ms"].points] == ["b"]
    assert trained_fronts(result()) == {}


def _entry(id: str, score: float | None, params: int, round: int = 2) -> PoolEntry:
    entry = PoolEntry(id=id, text=id, round=1, origin="random", num_params=params, macs=params)
    return replace(entry, score=score, score_round=None if score is None else round)


def test_of_the_pool_only_the_latest_scores_are_compared() -> None:
    entries = [_entry("a", 9.0, 1, round=1), _entry("b", 0.5, 20), _entry("c", None, 1), _entry("d", np.nan, 2)]
    found = pool_fronts([*entries, _entry("e", 0.4, 10)], {"b": 1.0, "e": 1.0})
    assert [p.id for p in found["params"].points] == ["e", "b"]
    assert [p.id for p in found["latency_ms"].points] == ["b"]
    assert pool_fronts([_entry("c", None, 1)]) == {}


def test_of_a_finished_run(micro) -> None:
    front = micro[0].front
    assert set(front.trained) == set(front.pool) == {"params", "macs"}
    best = max(t.valid_metric for t in micro[0].summary.trained)
    assert front.trained["params"].points[-1].quality == best
    assert len(front.pool["params"].points) + len(front.pool["params"].others) == micro[0].summary.pool_size
