"""What was measured before a search: seconds of a step, of a score, of an epoch, and the memory of each (no torch).

Shapes: K measurements, N architectures drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

OUTLIER = 3.0  # a time above so many medians counts as so many: one hiccup of the machine is not the rule
LEAST_ERROR = 0.02  # relative; no mean of a few timings is known better


@dataclass(frozen=True, kw_only=True)
class UnitCost:
    """Seconds of one unit of work (a step, a score): what is expected of one, and how it varies.

    ``error``: standard error of the expectation. ``spread``: standard deviation from architecture to architecture.
    """

    seconds: float
    error: float = 0.0
    spread: float = 0.0

    def scaled(self, factor: float) -> UnitCost:
        """The cost where only ``factor`` of the work is done.

        >>> UnitCost(seconds=2.0, spread=1.0).scaled(0.5)
        UnitCost(seconds=1.0, error=0.0, spread=0.5)
        """
        return UnitCost(seconds=factor * self.seconds, error=factor * self.error, spread=factor * self.spread)


def unit_cost(times_K: ArrayLike, macs_K: ArrayLike, macs_N: ArrayLike) -> UnitCost:
    """The expected time of an architecture with multiply-adds like ``macs_N``, from K timed ones.

    Fits ``a + b * macs`` with a, b >= 0 and corrects the mean of the timings by ``b`` times the difference of the mean
    multiply-adds (a control variate); what the line does not explain is noise of the mean.

    >>> unit_cost([1.0, 2.0, 3.0], [10, 20, 30], [30, 30]).seconds
    3.0
    """
    times, macs, drawn = (np.asarray(each, dtype=np.float64) for each in (times_K, macs_K, macs_N))
    times = np.minimum(times, OUTLIER * np.median(times))
    slope = _slope(times, macs)
    mean = max(float(times.mean() + slope * (drawn.mean() - macs.mean())), 0.1 * float(times.mean()))
    residuals = times - times.mean() - slope * (macs - macs.mean())
    variance = float((residuals**2).sum() / max(len(times) - 2, 1))
    return UnitCost(
        seconds=mean,
        error=max(float(np.sqrt(variance / len(times))), LEAST_ERROR * mean),
        spread=float(np.sqrt(variance + slope**2 * drawn.var())),
    )


def _slope(times: NDArray[np.float64], macs: NDArray[np.float64]) -> float:
    """Least squares, between 0 and what leaves no time for an architecture without multiply-adds."""
    variance = float(macs.var())
    if len(times) < 3 or variance <= 0.0:
        return 0.0
    slope = float(((times - times.mean()) * (macs - macs.mean())).mean()) / variance
    return min(max(slope, 0.0), float(times.mean() / macs.mean()))


@dataclass(frozen=True, kw_only=True)
class AloneCost:
    """Of stand-alone networks: ``step`` of their training, ``fixed`` seconds of each (building, reading back).

    ``evaluate``: seconds to measure one example. ``memory``: bytes that a training needs at most.
    """

    step: UnitCost
    fixed: float
    evaluate: float
    memory: int = 0


@dataclass(frozen=True, kw_only=True)
class Costs:
    """All that was measured. Times in seconds, memory in bytes.

    ``step``: a step of the supernet, all its paths, known to the cache; ``cold``: what it takes more where they are not
    (``miss``: how often). ``score``: one architecture. ``epoch``: of the controller, for each architecture of the pool;
    ``propose``: the rest of its turn. ``latency``: one whole network. ``between``: building the supernet, drawing the
    pool, the scoring's batches. ``space``: how many architectures there are, where they are fewer than the pool.
    ``busy``: share of the time that other programs took.
    """

    step: UnitCost
    score: UnitCost
    rerank: AloneCost
    final: AloneCost
    epoch: UnitCost = field(default_factory=lambda: UnitCost(seconds=0.0))
    propose: float = 0.0
    cold: float = 0.0
    miss: float = 1.0
    latency: float = 0.0
    between: float = 0.0
    space: int | None = None
    busy: float = 0.0
    base_memory: int = 0  # of the process with the data, before any network
    supernet_memory: int = 0  # weights and optimiser state, which stay to the end
    step_memory: int = 0  # what a step of the supernet takes beside them
    score_memory: int = 0
    memory_how: str = "not measured"
