"""What a search says while it works: one protocol, heard by the event log and by the progress display.

Event kinds and their fields (all values are plain JSON):

- ``search_started``  recipe, seed, space_size (text), data (name), metric, num_train, num_valid, held_out (words: which
  data), device, threads (of each process), processes, parts (of a training batch), stages (all names, in order); comes
  after the stage ``data``
- ``planned``         text (what ``max_minutes`` chose), low, middle, high (seconds); before ``search_started``
- ``sampling``        stage, text (the policy, and whether its draws are exact)
- ``epoch``           stage, epoch, loss, metric, learning_rate (means over the epoch), architecture (id, stand-alone)
- ``stage_started``   stage, title, total (units of work, or null), unit
- ``stage_progress``  stage, done, figures (a few named numbers: loss, the metric, ...)   -- high rate: not logged
- ``stage_finished``  stage, seconds, figures
- ``check``           text (what the early check found), warned (whether a ``warning`` has said it already)
- ``warning``         text
- ``search_finished`` seconds, winner (text), id

A network's last training says ``run_started`` (recipe, seed, data, num_train, num_test, device, threads, processes,
parts, stages), ``tested`` (stage, epoch, and the figures of :class:`~bnao.loop.train.result.EpochFigures`),
``run_finished`` (seconds).

Stages, in order: ``data``, with ``max_minutes`` ``plan``, then for r in 1..rounds ``supernet-r``, ``scoring-r``, and
between rounds ``controller-r``, after ``scoring-1`` perhaps ``check``; then ``rerank``, for s in 2..rerank.rounds
``choose-s``, ``rerank-s``, then ``random``, ``finalists``, ``final`` where there are such, and ``measure``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Listener(Protocol):
    """Hears the events of a search."""

    def event(self, kind: str, **fields: Any) -> None:
        """One event."""


class Silent:
    """Hears nothing."""

    def event(self, kind: str, **fields: Any) -> None:
        """Ignore."""


class Calling:
    """Calls a function with each event: ``function(kind, **fields)``."""

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def event(self, kind: str, **fields: Any) -> None:
        """Call it."""
        self._function(kind, **fields)


class Kept:
    """Keeps events, to pass them on later."""

    def __init__(self) -> None:
        self._events: list[tuple[str, dict[str, Any]]] = []

    def event(self, kind: str, **fields: Any) -> None:
        """Keep."""
        self._events.append((kind, fields))

    def replay(self, listener: Listener) -> None:
        """Tell ``listener`` all that was kept."""
        for kind, fields in self._events:
            listener.event(kind, **fields)


class Several:
    """Passes each event to several listeners, in order."""

    def __init__(self, *listeners: Listener) -> None:
        self.listeners = listeners

    def event(self, kind: str, **fields: Any) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.event(kind, **fields)
