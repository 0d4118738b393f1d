"""Scoring a pool, divided over processes: each scores neighbours in the order of tokens, rank 0 keeps what comes back.

A score does not depend on who makes it, so the result is that of one process to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bnao.arch import Architecture
from bnao.distributed import Group
from bnao.errors import BnaoError
from bnao.evaluation.oneshot import OneShotEvaluator

Measured = MutableMapping[str, tuple[float, float]]
"""(loss, metric) by id."""
SECONDS = 3.0
"""A round of scoring takes about so long: then rank 0 collects, saves, and heeds Ctrl-C."""
MOST = 256  # architectures of one process in a round


@dataclass(frozen=True)
class Score:
    """Rank 0's word: score these with the shared weights as they are; by rank."""

    shares: Sequence[Sequence[Architecture]]


def score_divided(
    group: Group,
    evaluator: OneShotEvaluator,
    architectures: Sequence[Architecture],
    measured: Measured,
    on_done: Callable[[int], None],
) -> None:
    """Fill ``measured`` for all ``architectures``; ``on_done(n)`` when n of them are in it."""
    todo = [a for a in dict.fromkeys(architectures) if a.id not in measured]
    todo.sort(key=lambda a: a.canonical)
    each = 1
    while todo:
        now, todo = todo[: each * group.size], todo[each * group.size :]
        bounds = [len(now) * k // group.size for k in range(group.size + 1)]
        order = Score([now[a:b] for a, b in pairwise(bounds)])
        begin = time.monotonic()
        group.broadcast(order)
        for found in score_share(group, evaluator, order):
            measured.update(found)
        seconds = max(time.monotonic() - begin, 1e-3)
        each = max(1, min(MOST, 4 * each, round(each * SECONDS / seconds)))
        on_done(len(architectures) - len(todo))


def score_share(group: Group, evaluator: OneShotEvaluator, order: Score) -> list[Measured]:
    """Score this process's share; in rank 0 all shares come back. Raises there what kept another from scoring."""
    own: Measured = {}
    failed: BnaoError | None = None
    try:
        evaluator.evaluate(order.shares[group.rank], measured=own)
    except BnaoError as error:
        failed = error
    found = group.gather(own if failed is None else failed)
    for one in found:
        if isinstance(one, BnaoError):
            raise one
    return found
