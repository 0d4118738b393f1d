"""The part of a search space that limits allow: where pools, proposals and mutations come from (imports no torch).

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.arch.grammar import ENUMERABLE
from bnao.cost.costs import Cost, CostFunction
from bnao.cost.limit_check import Bound, LimitCheck
from bnao.cost.limits import UNITS, Limits
from bnao.cost.listed import ListedPart
from bnao.cost.part import SpacePart, WholeSpace
from bnao.cost.rejected import RejectedPart
from bnao.errors import SettingError

if TYPE_CHECKING:
    from bnao.cost.sizes import SizeTable

MUTATIONS = 1000
"""Mutations tried before :meth:`FeasibleSpace.mutate` draws from the whole feasible space instead."""


class FeasibleSpace:
    """The architectures of ``grammar`` that keep ``limits``, whose costs ``sizes`` counts (of the delivered module).

    ``latency`` gives the milliseconds that ``max_latency_ms`` bounds: a measured table or a function. Without limits it
    is the whole space, and neither is read. What limits leave is looked at on first use, or by
    :meth:`require_not_empty`: in a space of at most 100,000 architectures all of them, in a larger one 20,000 to
    500,000 draws, the same in every run. Then every method but :meth:`contains` raises SettingError, naming values that
    can be kept, if there is no architecture (large spaces: fewer than 1 in 100,000) within the limits.
    """

    def __init__(
        self,
        grammar: Grammar,
        sizes: SizeTable | None = None,
        limits: Limits | None = None,
        latency: Cost | None = None,
    ) -> None:
        self.grammar = grammar
        self.limits = Limits() if limits is None else limits
        bounds = _bounds(self.limits, sizes, latency)
        self._check = LimitCheck(bounds) if bounds else None

    @property
    def is_whole(self) -> bool:
        """Whether there are no limits."""
        return self._check is None

    @property
    def share(self) -> float:
        """Feasible architectures by all architectures, in (0, 1]; with limits in a large space an estimate."""
        return self._part.share

    def require_not_empty(self) -> None:
        """Raise SettingError, naming the nearest values that can be kept, if the limits are impossible."""
        _ = self._part

    def contains(self, architecture: Architecture) -> bool:
        """Whether the architecture keeps the limits."""
        return bool(self.contains_each([architecture])[0])

    def contains_each(self, architectures: Sequence[Architecture]) -> NDArray[np.bool_]:
        """(P,) whether each keeps the limits, in one call."""
        if self._check is None or not architectures:
            return np.ones(len(architectures), dtype=np.bool_)
        return self._check.keeps(self._check.values(architectures))

    def count(self) -> int:
        """Exact number of distinct feasible architectures.

        Raises SettingError where limits are set in a space too large to list: see :meth:`describe_count`.
        """
        count = self._part.count()
        if count is None:
            raise SettingError(
                f"architectures within limits are counted exactly in spaces of at most {ENUMERABLE:,}; received "
                f"{self.limits.describe()} and a space of {WholeSpace(self.grammar).describe_count()}: use the "
                "estimate of describe_count()"
            )
        return count

    def describe_count(self) -> str:
        """The number of distinct feasible architectures in words; exact, or an estimate that says so.

        Such as ``3,025``, ``45 of 100``, or ``about 3.2e+20 (estimate: 0.6 % to 0.9 % of 4.39e+22)``.
        """
        return self._part.describe_count()

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws, uniform over distinct feasible architectures."""
        return self._part.sample(n, rng)

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str] = ()) -> list[Architecture]:
        """Up to ``n`` draws without repeats and none with an id in ``exclude``; fewer only if none is left.

        Where limits are set in a large space: if 2,000,000 draws in a row brought none.
        """
        return self._part.sample_distinct(n, rng, exclude)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A feasible architecture that differs from ``architecture`` (feasible or not) in one decision.

        The grammar's mutation, drawn again until it keeps the limits. Where :data:`MUTATIONS` draws do not, the
        architecture stands alone or far outside, and a uniform draw from the feasible space takes the place of a
        mutation; that one differs in more than one decision.
        """
        tried, block = 0, 1
        while tried < MUTATIONS:
            mutants = [self.grammar.mutate(architecture, rng) for _ in range(min(block, MUTATIONS - tried))]
            keeps_P = self.contains_each(mutants)
            if keeps_P.any():
                return mutants[int(keeps_P.argmax())]
            tried, block = tried + len(mutants), 2 * block
        return self.sample(1, rng)[0]

    @cached_property
    def _part(self) -> SpacePart:
        if self._check is None:
            return WholeSpace(self.grammar)
        if self.grammar.count() <= ENUMERABLE:
            return ListedPart(self.grammar, self._check)
        return RejectedPart(self.grammar, self._check)


def _bounds(limits: Limits, sizes: SizeTable | None, latency: Cost | None) -> list[Bound]:
    """The limits that are set, each with what counts its cost."""
    costs: dict[str, Cost | None] = {
        "max_params": None if sizes is None else CostFunction("max_params", UNITS["max_params"], sizes.num_params),
        "max_macs": None if sizes is None else CostFunction("max_macs", UNITS["max_macs"], sizes.macs),
        "max_latency_ms": latency,
    }
    bounds = []
    for name, cost in costs.items():
        limit = getattr(limits, name)
        if limit is not None:
            assert cost is not None, f"{name} needs a table of sizes, or of latencies"
            bounds.append(Bound(cost, limit))
    return bounds
