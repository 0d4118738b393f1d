"""A policy that counts what it has trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from bnao.errors import SettingError
from bnao.sampling.base import Policy, StepPlan


class CountingPolicy(Policy):
    """Passes everything through to ``policy``, and counts the paths of each plan that was carried out.

    The counts are part of the state: a training that is resumed goes on counting.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> class Always(Policy):
    ...     def plan(self, step, rng):
    ...         return StepPlan((NaoCellGrammar(nodes=1, num_operations=1).nth(0),), (1.0,))
    >>> policy = CountingPolicy(Always())
    >>> for step in range(3):
    ...     policy.observe(policy.plan(step, np.random.default_rng(step)), [0.5])
    >>> dict(policy.counts)
    {'0 0 0 0 | 0 0 0 0': 3}
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """Steps by the text of the path as trained (two forms of one network count apart); a view, in order of arrival.

        A plan of several paths adds one for each of them.
        """
        return MappingProxyType(self._counts)

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """The inner policy's plan. Counts nothing: a plan may be asked for and not carried out."""
        return self._policy.plan(step, rng)

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:
        """Counts the plan's paths, and tells the inner policy."""
        self._counts.update(map(str, plan.paths))
        self._policy.observe(plan, losses)

    def describe(self) -> str:
        """The inner policy's line."""
        return self._policy.describe()

    def state_dict(self) -> dict[str, Any]:
        """``policy``: the inner state; ``counts``: steps by text."""
        return {"policy": self._policy.state_dict(), "counts": dict(self._counts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`. Raises SettingError for a state without counts."""
        if set(state) != {"policy", "counts"}:
            raise SettingError(
                f"the state of a counting policy has the keys 'policy' and 'counts'; received {sorted(state)}: resume "
                "with the run's own policy"
            )
        self._policy.load_state_dict(state["policy"])
        self._counts = Counter({str(text): int(steps) for text, steps in state["counts"].items()})
