"""What to say of limits that (almost) no architecture keeps: how far the space goes, and values that would do.

Shapes: P architectures, L limits that are set.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.cost.limit_check import LimitCheck, amount
from bnao.errors import SettingError
from bnao.rng import generator

_CHILDREN = 64
_ROUNDS = 300
_BARREN = 12


def smallest_by_descent(grammar: Grammar, check: LimitCheck, starts: Sequence[Architecture]) -> Architecture:
    """The architecture of the least excess that mutation finds from ``starts``; the same in every run.

    Each start takes the best of 64 mutations while it does not get worse, until 12 rounds brought nothing better; at
    most 300 rounds.
    """
    rng = generator(0, "cost", "descent")
    best = list(starts)
    excess = check.excess(check.values(best))
    barren = 0
    for _ in range(_ROUNDS):
        children = [grammar.mutate(parent, rng) for parent in best for _ in range(_CHILDREN)]
        excess_SC = check.excess(check.values(children)).reshape(len(best), _CHILDREN)
        picks = excess_SC.argmin(axis=1)
        before = excess.min()
        for start, pick in enumerate(picks):
            if excess_SC[start, pick] <= excess[start]:
                best[start], excess[start] = children[start * _CHILDREN + pick], excess_SC[start, pick]
        barren = 0 if excess.min() < before else barren + 1
        if barren == _BARREN:
            break
    return best[int(excess.argmin())]


def refusal(
    check: LimitCheck, drawn_LP: NDArray[np.float64], nearest_L: NDArray[np.float64], *, enough: int, listed: bool
) -> SettingError:
    """The error: rule, values received, remedy.

    ``drawn_LP`` are the costs of uniform draws (``listed``: of all architectures), ``nearest_L`` those of the
    architecture nearest to the limits, ``enough`` >= 1 how many of the P must keep the limits.
    """
    received = " and ".join(f"{name} = {v:,}" for name, v in zip(check.names, check.limits, strict=True))
    costs = check.in_words(nearest_L)
    if bool((nearest_L <= check.limits_L).all()):
        rule = "limits leave at least 1 in 100,000 architectures to draw from"
        fact = f"fewer keep them (one of {costs} does)"
    else:
        rule = "limits leave some architecture"
        fact = f"{'none keeps them' if listed else 'none was found that keeps them'}; the nearest has {costs}"
    options = _options(check, drawn_LP, enough)
    return SettingError(f"{rule}; received {received}: {fact}. Raise {' or '.join(options)}, or change the network")


def _options(check: LimitCheck, drawn_LP: NDArray[np.float64], enough: int) -> list[str]:
    """Ways to raise the limits so that ``enough`` of the draws keep them: one limit alone where that does, else all."""
    kept_LP = drawn_LP <= check.limits_L[:, None]
    options = []
    for k, name in enumerate(check.names):
        others = np.delete(kept_LP, k, axis=0).all(axis=0)
        if others.sum() >= enough:
            options.append(f"{name} to {amount(np.sort(drawn_LP[k, others])[enough - 1], up=True)}")
    if options:
        return options
    nearest = drawn_LP[:, np.argsort(check.excess(drawn_LP), kind="stable")[:enough]].max(axis=1)
    raised = np.maximum(nearest, check.limits_L)
    return [" and ".join(f"{name} to {amount(v, up=True)}" for name, v in zip(check.names, raised, strict=True))]


def _text(value: np.int64) -> str:
    return f"{int(value):,}"
