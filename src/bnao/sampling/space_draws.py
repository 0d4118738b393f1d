"""Draws in proportion to a weight over a whole space: exact wherever that can be, labelled where it cannot.

The base measure is distinct feasible architectures. The target is t(a) = max(w(a), f), where f = floor * mean weight.
With limits every method keeps to the feasible set: 1 and 3 draw from it, 2 rejects what is outside, so that 1 and 2
stay exact. Tried in this order (DESIGN decision 7):

1. *Rejection* under a proven bound b >= w(a): propose uniformly, accept with t(a) / max(b, f); exact. Taken where the
   expected acceptance is at least :data:`MIN_ACCEPTANCE`.
2. *Dynamic programming*, where the space offers exact draws in proportion to an envelope v(a) >= w(a): propose from the
   mixture proportional to v(a) + f (uniform with probability f / (mean v + f)), accept with t(a) / (v(a) + f); exact.
   (Where v = w, at least half are accepted, whatever the space.) The same threshold, of those within the limits; of
   all that are proposed :data:`MIN_LIMITED_ACCEPTANCE`.
3. *Sampling-importance-resampling*: :data:`CANDIDATES` uniform draws for each draw wanted (fewer where limits make
   them dear), resampled by t; approximate.

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling.draws import Draws, UniformDraws, fewer, floored
from bnao.spaces.additive import AdditiveSampler

MIN_ACCEPTANCE = 0.05
"""Expected share of feasible proposals that must be accepted for a method by rejection to be used."""
MIN_LIMITED_ACCEPTANCE = 0.005
"""Expected share that must be accepted of proposals that may break the limits."""
CANDIDATES = 64
"""Uniform draws for each resampled one, where draws are approximate."""
PILOT = 16384
"""Uniform draws, the same in every run, that estimate acceptance rates, and the mean weight where it is not known."""
LEAST_PILOT, LEAST_CANDIDATES = 256, 8
"""Both are cut where limits make draws dear (:func:`~bnao.sampling.draws.fewer`), but not below these."""
_MAX_ROUNDS = 1000
_MAX_BATCH = 2**17

Weights = Callable[[Sequence[Architecture]], NDArray[np.float64]]
Propose = Callable[[int, np.random.Generator], list[Architecture]]


@dataclass(frozen=True)
class Envelope:
    """Exact draws in proportion to ``weights(a)``, an upper bound of a policy's weight of a; ``mean`` over the space.

    ``tight``: the envelope *is* the policy's weight, so ``mean`` is the exact mean weight.
    """

    sampler: AdditiveSampler
    weights: Weights
    mean: float
    tight: bool


class AcceptedDraws(Draws):
    """Proposals, each kept with its probability: exact draws from proposal density times acceptance."""

    def __init__(self, propose: Propose, accept: Weights, rate: float, text: str) -> None:
        self._propose, self._accept, self._rate, self._text = propose, accept, rate, text

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws. Raises SettingError where next to nothing is accepted, whatever the estimate was."""
        found: list[Architecture] = []
        for _ in range(_MAX_ROUNDS):
            if len(found) >= n:
                return found[:n]
            batch = self._propose(min(int((n - len(found)) / self._rate) + 16, _MAX_BATCH), rng)
            accept_P = self._accept(batch)
            assert (accept_P <= 1 + 1e-9).all(), "a weight exceeds its proven bound"
            kept_P = rng.random(len(batch)) < accept_P
            found += [a for a, keep in zip(batch, kept_P, strict=True) if keep]
        raise SettingError(
            f"sampling over the space accepts almost no draw; received {len(found)} of {n} after {_MAX_ROUNDS} rounds: "
            f"sample over the pool, or lower the exponent"
        )

    def describe(self) -> str:
        """Exact, by what, at what acceptance."""
        return f"exact, by {self._text} (about {100 * self._rate:.3g} % accepted)"


class ResampledDraws(Draws):
    """Sampling-importance-resampling: n of up to 64 n uniform draws, with repeats, by their weight."""

    def __init__(self, feasible: FeasibleSpace, target: Weights) -> None:
        self._feasible, self._target = feasible, target
        self._candidates = fewer(CANDIDATES, feasible.share, LEAST_CANDIDATES)

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws."""
        candidates = self._feasible.sample(self._candidates * n, rng)
        ends_P = np.cumsum(self._target(candidates))
        picks = np.searchsorted(ends_P, rng.random(n) * ends_P[-1], side="right")
        return [candidates[min(int(i), len(candidates) - 1)] for i in picks]

    def describe(self) -> str:
        """Approximate."""
        return f"approximate, by resampling {self._candidates} uniform draws for each"


def space_draws(
    feasible: FeasibleSpace,
    weights: Weights,
    *,
    floor: float,
    max_weight: float | None,
    envelope: Envelope | None,
) -> Draws:
    """Draws with p(a) in proportion to max(w(a), floor * mean weight), by the first of the three methods that serves.

    ``max_weight`` is a proven bound of w over the space, or None. The mean weight is exact where an envelope
    gives it and there are no limits; else the mean of :data:`PILOT` draws (fewer where limits make them dear). If all
    weights are zero, draws are uniform.
    """
    pilot = feasible.sample(_pilot_draws(feasible), generator(0, "sampling", "pilot"))
    weights_P = weights(pilot)
    known = envelope is not None and envelope.tight and feasible.is_whole
    mean = envelope.mean if envelope is not None and known else float(weights_P.mean())
    if mean <= 0 or max_weight == 0:
        return UniformDraws(feasible)
    least = floor * mean

    def target(architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        return floored(weights(architectures), floor, mean)

    target_P = floored(weights_P, floor, mean)
    if max_weight is not None:
        bound = max(max_weight, least)
        rate = float(target_P.mean()) / bound
        if rate >= MIN_ACCEPTANCE:
            return AcceptedDraws(feasible.sample, lambda a: target(a) / bound, rate, "rejection under a proven bound")
    if envelope is not None:
        within = float(target_P.mean()) / (envelope.mean + least)
        rate = within * feasible.share
        if within >= MIN_ACCEPTANCE and (feasible.is_whole or rate >= MIN_LIMITED_ACCEPTANCE):
            return AcceptedDraws(
                _mixture(feasible, envelope, least / (envelope.mean + least)),
                lambda a: target(a) / (envelope.weights(a) + least) * feasible.contains_each(a),
                rate,
                "dynamic programming",
            )
    return ResampledDraws(feasible, target)


def _pilot_draws(feasible: FeasibleSpace) -> int:
    """How many draws the pilot has."""
    return fewer(PILOT, feasible.share, LEAST_PILOT)


def _mixture(feasible: FeasibleSpace, envelope: Envelope, uniform: float) -> Propose:
    """Draws from the envelope, or with probability ``uniform`` from all architectures of the grammar alike."""

    def propose(n: int, rng: np.random.Generator) -> list[Architecture]:
        plain = rng.random(n) < uniform
        even = iter(feasible.grammar.sample(int(plain.sum()), rng))
        heavy = iter(envelope.sampler.sample(n - int(plain.sum()), rng))
        return [next(even if flag else heavy) for flag in plain]

    return propose
