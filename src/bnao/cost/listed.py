"""What limits leave of a space that is small enough to list: known exactly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bnao.arch import Architecture, Grammar
from bnao.arch.counts import count_text
from bnao.cost.limit_check import LimitCheck
from bnao.cost.part import SpacePart
from bnao.cost.refusal import refusal

_BLOCK = 8192


class ListedPart(SpacePart):
    """The architectures of ``grammar`` that keep the limits, by their ranks; each of the space is looked at once.

    Raises SettingError, with the nearest values that are kept, if there is none.
    """

    def __init__(self, grammar: Grammar, check: LimitCheck) -> None:
        self._grammar, self._total = grammar, grammar.count()
        starts = range(0, self._total, _BLOCK)
        blocks = [[grammar.nth(k) for k in range(i, min(i + _BLOCK, self._total))] for i in starts]
        values_LP = np.concatenate([check.values(block) for block in blocks], axis=1)
        self._ranks = np.flatnonzero(check.keeps(values_LP))
        if not len(self._ranks):
            nearest_L = values_LP[:, int(check.excess(values_LP).argmin())]
            raise refusal(check, values_LP, nearest_L, enough=1, listed=True)

    @property
    def share(self) -> float:
        """Exact."""
        return len(self._ranks) / self._total

    def count(self) -> int:
        """Exact."""
        return len(self._ranks)

    def describe_count(self) -> str:
        """Such as ``45 of 100``."""
        return f"{count_text(len(self._ranks))} of {count_text(self._total)}"

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """By uniform draws among the ranks."""
        return [self._grammar.nth(int(rank)) for rank in self._ranks[rng.integers(len(self._ranks), size=n)]]

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str]) -> list[Architecture]:
        """By a random order of the ranks; fewer only if none is left."""
        found: list[Architecture] = []
        seen = set(exclude)
        for rank in rng.permutation(self._ranks) if n > 0 else ():
            candidate = self._grammar.nth(int(rank))
            if candidate.id not in seen:
                found.append(candidate)
                if len(found) == n:
                    break
        return found
