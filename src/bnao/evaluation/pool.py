"""Many architectures measured together: what the networks of a pool have in common is computed once.

Networks that begin alike have equal activations on equal batches (:mod:`bnao.spaces.stages`), with batch statistics and
with recalibrated ones, so the figures are those of one by one to the bit. Architectures are ordered such that those
which begin alike stand together, and measured in groups: for each batch the chains of a group are walked depth first
(:class:`~bnao.evaluation.walk.Walk`). So activations of one batch are kept, not of all, and a search that is stopped
loses no more than a group's work.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import nn

from bnao.arch import Architecture
from bnao.call import call_network
from bnao.data.examples import Batch
from bnao.evaluation.measure import Outcome
from bnao.evaluation.views import batch_statistics_view, measuring, own_statistics_view
from bnao.evaluation.walk import Chain, Walk, common
from bnao.objective import Objective
from bnao.ops.lean.when import has_hooks
from bnao.supernet import Supernet
from bnao.supernet.clone import clone_path

SECONDS = 10.0
"""What a group should take: that much work is lost where a search is killed,"""
FEWEST, MOST = 8, 64
"""within these numbers of architectures, since the first of each group shares nothing with those before."""

Known = Callable[[Sequence[tuple[Architecture, float, float]]], None]
"""Told (architecture, loss, metric) of a group as soon as they are known."""


class PoolMeasure:
    """Measures paths of ``supernet``, as its weights are now, on ``batches``.

    ``calibration``: inputs of the batches that running statistics are measured on; None: batch statistics.
    ``most_bytes`` bounds the activations that are kept to be used again. After :meth:`measure`, ``peak_bytes`` is the
    most that was kept and ``num_runs`` the number of stages that were run on a batch.
    """

    def __init__(
        self,
        supernet: Supernet,
        batches: Sequence[Batch],
        objective: Objective,
        *,
        calibration: Sequence[Any] | None = None,
        most_bytes: int,
    ) -> None:
        self._supernet, self._batches, self._objective = supernet, batches, objective
        self._calibration, self._most_bytes = calibration, most_bytes
        self._numbers: dict[Hashable, int] = {}
        self._chains: dict[tuple[int, ...], Chain] = {}
        self.peak_bytes = self.num_runs = 0

    def shares(self, architectures: Sequence[Architecture]) -> bool:
        """Whether anything can be shared: memory is allowed, two networks begin alike, and nobody listens.

        Forward hooks are promised each call of their module, so a supernet that has any is scored one by one.
        """
        if not self._most_bytes or len(architectures) < 2 or _is_watched(self._supernet.root):
            return False
        chains = sorted(map(self._chain, architectures))
        return any(common(a, b) for a, b in itertools.pairwise(chains))

    def measure(self, architectures: Sequence[Architecture], known: Known) -> None:
        """Measure all ``architectures``, in canonical form; ``known`` is told of one group after the other."""
        by_tokens = sorted(architectures, key=lambda a: a.tokens)
        ordered = sorted(((self._chain(a), a) for a in by_tokens), key=lambda pair: pair[0])
        chains, start, size = [chain for chain, _ in ordered], 0, 1
        while start < len(chains):
            stop, begin = cut(chains, start, size), time.perf_counter()
            group = [architecture for _, architecture in ordered[start:stop]]
            outcomes = self._outcomes(group, chains[start:stop])
            each = (time.perf_counter() - begin) / len(group)
            room = self._most_bytes // max(outcomes[0].num_bytes, 1)  # outputs that wait for the last batch
            size = max(1, min(round(max(FEWEST, min(MOST, SECONDS / each))), room))
            known([(a, *outcome.figures()) for a, outcome in zip(group, outcomes, strict=True)])
            start = stop

    def _chain(self, architecture: Architecture) -> Chain:
        chain = self._chains.get(architecture.tokens)
        if chain is None:
            keys = [stage.key for stage in self._supernet.stages(architecture)]
            chain = tuple(self._numbers.setdefault(key, len(self._numbers)) for key in keys)
            self._chains[architecture.tokens] = chain
        return chain

    def _outcomes(self, group: Sequence[Architecture], chains: Sequence[Chain]) -> list[Outcome]:
        walk, views = Walk(chains, self._most_bytes), _Views(self._supernet, group, chains)
        outcomes = [Outcome(self._objective) for _ in group]
        with torch.no_grad():
            step = views.shared
            if self._calibration is not None:
                for inputs in self._calibration:
                    for _ in walk.run(inputs, views.calibrating):
                        pass
                views.end_calibration()
                step = views.calibrated
            for inputs, targets in self._batches:
                for k, outputs in walk.run(inputs, step):
                    outcomes[k].add(outputs, targets)
        self.peak_bytes, self.num_runs = max(self.peak_bytes, walk.peak_bytes), self.num_runs + walk.num_runs
        return outcomes


class _Views:
    """The stages of a group as modules to run: with batch statistics one for each stage, whatever it follows.

    Recalibrated statistics depend on the whole beginning of a chain, so each beginning has a module of its own.
    """

    def __init__(self, supernet: Supernet, group: Sequence[Architecture], chains: Sequence[Chain]) -> None:
        self._group, self._chains = group, chains
        self._stages = [supernet.stages(architecture) for architecture in group]
        self._by_stage: dict[int, nn.Module] = {}
        self._by_beginning: dict[Chain, nn.Module] = {}

    def shared(self, k: int, depth: int, value: Any, again: bool) -> Any:
        """Stage ``depth`` of chain k with batch statistics."""
        number = self._chains[k][depth]
        if number not in self._by_stage:
            self._by_stage[number] = batch_statistics_view(self._path(k, depth))
        return _called(self._by_stage[number], depth, value)

    def calibrating(self, k: int, depth: int, value: Any, again: bool) -> Any:
        """The same, adding to the running statistics; but once for each batch."""
        if again:
            return self.shared(k, depth, value, again)
        beginning = self._chains[k][: depth + 1]
        if beginning not in self._by_beginning:
            self._by_beginning[beginning] = own_statistics_view(self._path(k, depth))
            measuring(self._by_beginning[beginning], True)
        return _called(self._by_beginning[beginning], depth, value)

    def end_calibration(self) -> None:
        """From here on the running statistics stay."""
        for view in self._by_beginning.values():
            measuring(view, False)

    def calibrated(self, k: int, depth: int, value: Any, again: bool) -> Any:
        """Stage ``depth`` of chain k with the running statistics of its beginning."""
        return _called(self._by_beginning[self._chains[k][: depth + 1]], depth, value)

    def _path(self, k: int, depth: int) -> nn.Module:
        return clone_path(self._stages[k][depth].part, self._group[k])


def cut(chains: Sequence[Chain], start: int, size: int) -> int:
    """Where the group from ``start`` ends, of about ``size``: behind its first half, where least is shared.

    >>> cut([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)], 0, 4)
    3
    """
    if len(chains) - start <= size:
        return len(chains)
    stops = range(start + size, start + (size - 1) // 2, -1)
    return min(stops, key=lambda stop: common(chains[stop - 1], chains[stop]))


def _called(view: nn.Module, depth: int, value: Any) -> Any:
    return view(value) if depth else call_network(view, value)


def _is_watched(root: nn.Module) -> bool:
    return any(map(has_hooks, root.modules()))
