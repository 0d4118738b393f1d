"""Ask and tell to a number of queries, where scoring is a call: a table, or a training of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bnao.arch import Architecture
from bnao.controller.asker import AskTell
from bnao.errors import require
from bnao.evaluation.base import Evaluator

FIRST = 20  # drawn at random before anything is learned,
BATCH = 5  # then so many for each fit


def optimise(
    asker: AskTell,
    evaluator: Evaluator,
    queries: int,
    *,
    first: int = FIRST,
    batch: int = BATCH,
    on_batch: Callable[[Sequence[Architecture], Sequence[float]], None] = lambda architectures, scores: None,
) -> list[tuple[Architecture, float]]:
    """Score ``queries`` >= 1 distinct architectures: ``first`` at once, then ``batch`` by ``batch``, all told.

    Returns (architecture, score) in the order of the queries; fewer than ``queries`` only if the space is exhausted.
    ``on_batch`` is told each batch with its scores. What ``asker`` was told before counts as known, not as a query.

    Many small batches learn more from the same number of queries; each costs a fit. Raises SettingError.
    """
    for name, number in (("queries", queries), ("first", first), ("batch", batch)):
        require(number >= 1, f"{name} is at least 1", number, "give a positive number")
    found: list[tuple[Architecture, float]] = []
    while len(found) < queries:
        size = batch if found or asker.told else first
        architectures = asker.ask(min(size, queries - len(found)))
        if not architectures:
            break
        scores = evaluator.evaluate(architectures).values_P.tolist()
        asker.tell(architectures, scores)
        found += zip(architectures, scores, strict=True)
        on_batch(architectures, scores)
    return found
