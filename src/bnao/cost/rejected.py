"""What limits leave of a space too large to list: drawn from exactly, by rejection, and counted by an estimate.

Shapes: P architectures, L limits that are set.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.arch.counts import count_text
from bnao.cost.limit_check import LimitCheck
from bnao.cost.part import SpacePart
from bnao.cost.refusal import refusal, smallest_by_descent
from bnao.errors import SettingError
from bnao.rng import generator

PILOT = 20_000
"""Uniform draws, the same in every run, that estimate the share of architectures that keep the limits."""
LONG_PILOT = 500_000
"""Draws of the pilot where the first :data:`PILOT` hold fewer than :data:`PILOT_KEPT` that keep the limits."""
PILOT_KEPT = 200
MIN_SHARE = 1e-5
"""Limits that a smaller share of the pilot keeps are refused."""
BARREN = 2_000_000
"""So many draws in a row of which none is new: a sampler gives up. At the least share allowed, at odds of e^-20."""
_BLOCK = 16_384
_STARTS = 8


@dataclass(frozen=True)
class Pilot:
    """``kept`` of ``draws`` uniform draws keep the limits; ``values_LP`` are their costs, ``nearest`` the best few."""

    draws: int
    kept: int
    values_LP: NDArray[np.float64]
    nearest: list[Architecture]


class RejectedPart(SpacePart):
    """The architectures of ``grammar`` that keep the limits, drawn by the grammar's uniform draws and kept or not.

    Raises SettingError, with values that can be kept, where fewer than 1 in 100,000 keep the limits.
    """

    def __init__(self, grammar: Grammar, check: LimitCheck) -> None:
        self._grammar, self._check = grammar, check
        pilot = _pilot(grammar, check)
        if pilot.kept < MIN_SHARE * pilot.draws:
            nearest = smallest_by_descent(grammar, check, pilot.nearest)
            enough = max(1, round(2 * MIN_SHARE * pilot.draws))
            raise refusal(check, pilot.values_LP, check.values([nearest])[:, 0], enough=enough, listed=False)
        self._draws, self._kept = pilot.draws, pilot.kept

    @property
    def share(self) -> float:
        """The pilot's."""
        return self._kept / self._draws

    def count(self) -> None:
        """Not known."""

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        return wilson(self._kept, self._draws)

    def describe_count(self) -> str:
        """Such as ``about 3.2e+20 (estimate: 0.6 % to 0.9 % of 4.39e+22)``; the interval holds with 95 %."""
        total = self._grammar.count()
        low, high = (f"{100 * share:.3g} %" if share < 0.99 else f"{100 * share:.6g} %" for share in self.interval())
        about = count_text(total * self._kept // self._draws)
        return f"about {about} (estimate: {low} to {high} of {count_text(total)})"

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """By rejection. Raises SettingError where 2,000,000 draws in a row are rejected."""
        found: list[Architecture] = []
        barren = 0
        for drawn, kept in self._blocks(n, rng, found):
            found += kept
            barren = 0 if kept else barren + drawn
            if barren >= BARREN:
                raise SettingError(
                    f"limits must leave architectures to draw from; received {len(found)} of {n} and then none in "
                    f"{barren:,} draws: raise the limits"
                )
        return found[:n]

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str]) -> list[Architecture]:
        """By rejection; fewer only where 2,000,000 draws in a row brought nothing new."""
        found: list[Architecture] = []
        seen, barren = set(exclude), 0
        for drawn, kept in self._blocks(n, rng, found):
            before = len(found)
            for candidate in kept:
                if candidate.id not in seen and len(found) < n:
                    seen.add(candidate.id)
                    found.append(candidate)
            barren = 0 if len(found) > before else barren + drawn
            if barren >= BARREN:
                break
        return found

    def _blocks(
        self, n: int, rng: np.random.Generator, found: list[Architecture]
    ) -> Iterator[tuple[int, list[Architecture]]]:
        """Blocks of draws until ``found`` has ``n``: how many were drawn, and those of them that keep the limits."""
        while len(found) < n:
            size = min(int((n - len(found)) / self.share) + 16, _BLOCK)
            block = self._grammar.sample(size, rng)
            keeps_P = self._check.keeps(self._check.values(block))
            yield size, [a for a, keeps in zip(block, keeps_P, strict=True) if keeps]


def _pilot(grammar: Grammar, check: LimitCheck) -> Pilot:
    """Draws until :data:`PILOT` hold enough that keep the limits, else all of :data:`LONG_PILOT`."""
    rng = generator(0, "cost", "pilot")
    draws = kept = 0
    values: list[NDArray[np.float64]] = []
    nearest: list[tuple[float, int, Architecture]] = []
    with _no_collection():
        while draws < PILOT or (kept < PILOT_KEPT and draws < LONG_PILOT):
            block = grammar.sample(min(_BLOCK, (PILOT if draws < PILOT else LONG_PILOT) - draws), rng)
            values.append(check.values(block))
            kept += int(check.keeps(values[-1]).sum())
            excess_P = check.excess(values[-1])
            best = np.argsort(excess_P, kind="stable")[:_STARTS]
            nearest = sorted(
                [*nearest, *((float(excess_P[i]), draws + int(i), block[i]) for i in best)], key=lambda x: x[:2]
            )
            nearest = nearest[:_STARTS]
            draws += len(block)
    return Pilot(draws, kept, np.concatenate(values, axis=1), [architecture for *_, architecture in nearest])


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without Python's search for cycles: draws make none, and their number alone would start it hundreds of times."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def wilson(kept: int, draws: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of which ``kept`` of ``draws`` are seen.

    >>> [round(end, 4) for end in wilson(50, 1000)]
    [0.0381, 0.0653]
    """
    from scipy.stats import binomtest

    interval = binomtest(kept, draws).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)
