"""What a pool would share if it were scored together, for planning: measured on a few of its networks and one batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bnao.arch import Architecture
from bnao.call import call_network
from bnao.evaluation.views import batch_statistics_view
from bnao.evaluation.walk import common, num_bytes, partings
from bnao.spaces.stages import Stage
from bnao.supernet import Supernet
from bnao.supernet.clone import clone_path

TIMED = 4
"""Architectures whose stages are timed; another stage is taken to cost what those at its place do."""


@dataclass(frozen=True)
class Sharing:
    """``work``: seconds of scoring together over seconds of one by one, in (0, 1]. ``kept_bytes``: of activations."""

    work: float = 1.0
    kept_bytes: int = 0


def measure_sharing(
    supernet: Supernet, architectures: Sequence[Architecture], inputs: Any, most_bytes: int, clock: Callable[[], float]
) -> Sharing:
    """The sharing of ``architectures`` in canonical form, one or more, scored on batches like ``inputs``."""
    stages = [supernet.stages(a) for a in architectures]
    costs = _Costs()
    for architecture, staged in list(zip(architectures, stages, strict=True))[:TIMED]:
        costs.add(architecture, staged, inputs, clock)
    numbers: dict[Hashable, int] = {}
    keys = {
        tuple(numbers.setdefault(stage.key, len(numbers)) for stage in staged): [stage.key for stage in staged]
        for staged in stages
    }
    chains = sorted(keys)
    total = left = 0.0
    kept = 0
    before: tuple[int, ...] = ()
    for chain, parts in zip(chains, partings(chains), strict=True):
        seconds = [costs.seconds(key, depth) for depth, key in enumerate(keys[chain])]
        total += sum(seconds)
        left += sum(seconds[common(before, chain) :])
        kept = max(kept, sum(costs.size(depth) for depth in parts))
        before = chain
    return Sharing(left / total if total > 0 else 1.0, min(kept, most_bytes))


class _Costs:
    """Seconds of stages by key and by place, bytes of what they give by place."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, float] = {}
        self._by_depth: dict[int, list[float]] = {}
        self._sizes: dict[int, int] = {}

    def add(self, architecture: Architecture, chain: Sequence[Stage], inputs: Any, clock: Callable[[], float]) -> None:
        value = inputs
        with torch.no_grad():
            for depth, stage in enumerate(chain):
                view = batch_statistics_view(clone_path(stage.part, architecture))
                begin = clock()
                value = view(value) if depth else call_network(view, value)
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                seconds = clock() - begin
                self._by_key.setdefault(stage.key, seconds)
                self._by_depth.setdefault(depth, []).append(seconds)
                self._sizes[depth + 1] = max(self._sizes.get(depth + 1, 0), num_bytes(value))

    def seconds(self, key: Hashable, depth: int) -> float:
        if key in self._by_key:
            return self._by_key[key]
        alike = self._by_depth.get(depth) or [second for seconds in self._by_depth.values() for second in seconds]
        return float(np.mean(alike))

    def size(self, depth: int) -> int:
        return self._sizes.get(depth, 0)
