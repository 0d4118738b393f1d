"""Several objectives: which architectures no other beats in quality and in cost at once (imports no torch).

Two kinds of front, never mixed. Of the networks *trained alone*: their metric on validation images, an honest figure of
few networks. Of the *scored pool*: the one-shot score of its latest round, a guess of many. Costs of the pool are the
delivered networks'; sizes and multiply-adds of those trained alone are the trained networks' own.

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.loop.result import FINALIST, SearchResult, read_result
from bnao.storage import PoolEntry, RunFolder
from bnao.storage.pool import latest_round
from bnao.storage.pool_csv import pool_entries

POOL_LATENCY = "latency-pool.json"
"""File of the run's state: milliseconds by id, of the whole pool, where latency is limited."""
COSTS = {"params": "parameters", "macs": "multiply-adds", "latency_ms": "latency in ms"}
"""What quality is held against, by the names that fronts have."""


def non_dominated(qualities_P: ArrayLike, costs_P: ArrayLike) -> NDArray[np.bool_]:
    """(P,) whether no other is at least as good *and* at most as dear, and better in one of the two.

    Equal points do not dominate one another: all of them are in the front, or none. What is not finite is never in it
    and dominates nothing.

    >>> non_dominated([0.7, 0.8, 0.6, 0.8, float("nan")], [10, 20, 15, 20, 1]).tolist()
    [True, True, False, True, False]
    """
    qualities, costs = np.asarray(qualities_P, dtype=np.float64), np.asarray(costs_P, dtype=np.float64)
    found = np.zeros(len(qualities), dtype=np.bool_)
    finite = np.flatnonzero(np.isfinite(qualities) & np.isfinite(costs))
    order = finite[np.lexsort((-qualities[finite], costs[finite]))]  # cheapest first, of equal cost the best first
    best, tied_cost, tied_quality = -np.inf, np.nan, np.nan
    for k in order:
        if qualities[k] > best:
            best, tied_cost, tied_quality = qualities[k], costs[k], qualities[k]
            found[k] = True
        else:
            found[k] = bool(costs[k] == tied_cost and qualities[k] == tied_quality)
    return found


@dataclass(frozen=True, kw_only=True)
class FrontPoint:
    """One architecture: its quality in the front's own units, and its cost."""

    id: str
    architecture: str
    quality: float
    cost: float
    arm: str = ""  # "searched" or "random" where it was trained alone


@dataclass(frozen=True, kw_only=True)
class Front:
    """What is not dominated, cheapest first, and the rest that it was taken from."""

    quality: str  # such as "validation accuracy", "one-shot score"
    cost: str  # a value of COSTS
    is_share: bool = False  # quality is in [0, 1] and shown in percent
    higher_is_better: bool = True
    points: list[FrontPoint] = field(default_factory=list)
    others: list[FrontPoint] = field(default_factory=list)  # dominated, in the order they came in


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """Fronts by cost: ``params``, ``macs``, and ``latency_ms`` where latency was limited."""

    trained: dict[str, Front] = field(default_factory=dict)
    pool: dict[str, Front] = field(default_factory=dict)


def make_front(
    quality: str, cost: str, found: Sequence[FrontPoint], *, higher_is_better: bool = True, is_share: bool = False
) -> Front:
    """The front of ``found``; points that are not finite are left out altogether."""
    finite = [p for p in found if np.isfinite(p.quality) and np.isfinite(p.cost)]
    sign = 1.0 if higher_is_better else -1.0
    kept = non_dominated([sign * p.quality for p in finite], [p.cost for p in finite])
    points = [p for p, is_kept in zip(finite, kept, strict=True) if is_kept]
    others = [p for p, is_kept in zip(finite, kept, strict=True) if not is_kept]
    points.sort(key=lambda p: (p.cost, p.id))
    return Front(
        quality=quality,
        cost=cost,
        is_share=is_share,
        higher_is_better=higher_is_better,
        points=points,
        others=others,
    )


def trained_fronts(result: SearchResult) -> dict[str, Front]:
    """Of the networks trained alone with one budget, both arms, by their metric on validation images.

    One trained twice counts once.
    """
    distinct = list({t.id: t for t in reversed(result.trained) if t.arm != FINALIST}.values())[::-1]
    metric = result.metric
    fronts = {}
    for name, words in COSTS.items():
        found = [
            FrontPoint(id=t.id, architecture=t.architecture, quality=t.valid_metric, cost=float(cost), arm=t.arm)
            for t in distinct
            if (cost := {"params": t.num_params, "macs": t.macs, "latency_ms": t.latency_ms}[name]) is not None
        ]
        if found:
            fronts[name] = make_front(
                f"validation {metric.name}",
                words,
                found,
                higher_is_better=metric.higher_is_better,
                is_share=metric.is_share,
            )
    return fronts


def pool_fronts(entries: Sequence[PoolEntry], latencies: Mapping[str, float] | None = None) -> dict[str, Front]:
    """Of the architectures scored in the latest round, by their one-shot score; ``latencies``: ms by id."""
    last, known = latest_round(entries), latencies or {}
    scored = [(e, e.score) for e in entries if e.score is not None and e.score_round == last]
    fronts = {}
    for name, words in COSTS.items():
        found = [
            FrontPoint(id=e.id, architecture=e.text, quality=score, cost=float(cost))
            for e, score in scored
            if (cost := {"params": e.num_params, "macs": e.macs, "latency_ms": known.get(e.id)}[name]) is not None
        ]
        if found:
            fronts[name] = make_front("one-shot score", words, found)
    return fronts


def read_fronts(run: RunFolder) -> Fronts:
    """The fronts of a finished run. Raises RunError if it is not finished, or damaged."""
    entries = [] if run.manifest.pool is None else pool_entries(run.pool_path)
    return Fronts(trained=trained_fronts(read_result(run)), pool=pool_fronts(entries, read_latencies(run)))


def read_latencies(run: RunFolder) -> dict[str, float]:
    """Milliseconds by id of the pool, where latency was limited. Raises RunError if they cannot be read."""
    return {id: float(ms) for id, ms in run.read_json(POOL_LATENCY).items()} if run.has(POOL_LATENCY) else {}
