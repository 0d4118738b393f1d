"""The state of a search as its events tell it: which stage runs, how fast, how much is left. No printing here."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

WINDOW = 60.0  # seconds over which a rate is taken
SPACING = 0.5  # seconds between two of its samples

Default = TypeVar("Default", float, None)


def number(value: Any, default: Default) -> float | Default:
    """``value`` as a float, or ``default`` where it is no number (an event log is somebody's text)."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _table(value: Any) -> Mapping[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}  # a copy: displays read it from another thread


@dataclass
class Stage:
    """One stage. ``done`` and ``total`` count ``unit``; ``total`` is None where it is not known. Times in seconds."""

    name: str
    title: str
    began: float
    total: float | None = None
    unit: str = ""
    done: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None  # set when the stage has finished
    recent: deque[tuple[float, float]] = field(default_factory=deque)  # (time, done) of the last minute or so

    def elapsed(self, now: float) -> float:
        """Seconds since it began, or that it took."""
        return now - self.began if self.seconds is None else self.seconds

    def advance(self, now: float, done: float) -> None:
        """``done`` units are finished, some of them perhaps by a former process."""
        if done < self.done:
            self.recent.clear()
        self.done = done
        if not self.recent or now - self.recent[-1][0] >= SPACING:
            self.recent.append((now, done))
        while len(self.recent) > 2 and now - self.recent[0][0] > WINDOW:
            self.recent.popleft()

    def rate(self, now: float) -> float | None:
        """Units a second over the last minute, so that a pause or a resumed start does not count; None before it."""
        if not self.recent:
            return None
        began, first = self.recent[0]
        if self.done > first and now > began:
            return (self.done - first) / (now - began)
        return self.done / self.elapsed(now) if self.done > 0 and self.elapsed(now) > 0 else None

    def left(self, now: float) -> float | None:
        """Estimated seconds to its end: the rate stays as it was; None where nothing is known yet."""
        rate = self.rate(now)
        if self.total is None or rate is None:
            return None
        return max(self.total - self.done, 0.0) / rate

    @property
    def kind(self) -> str:
        """The name without the round: ``supernet`` of ``supernet-2``."""
        head, _, tail = self.name.rpartition("-")
        return head if head and tail.isdigit() else self.name


class SearchClock:
    """Follows the events of a search. ``stages`` are the names of all stages in order, where they are known before."""

    def __init__(self, stages: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.planned = list(stages)
        self.finished: list[Stage] = []
        self.current: Stage | None = None
        self._clock = clock
        self.began = clock()

    def now(self) -> float:
        """Seconds on the clock that all times of this object use."""
        return self._clock()

    def event(self, kind: str, fields: Mapping[str, Any]) -> Stage | None:
        """Take in one event; the stage it is about, if any."""
        if kind in ("search_started", "run_started"):
            self.planned = [str(name) for name in fields.get("stages") or self.planned]
            self._take_over(_table(fields.get("finished")))
        elif kind == "stage_started":
            self.current = Stage(
                name=str(fields.get("stage")), title=str(fields.get("title") or fields.get("stage")), began=self.now(),
                total=number(fields.get("total"), None), unit=str(fields.get("unit") or ""),
            )  # fmt: skip
            return self.current
        elif kind == "stage_progress" and self.current is not None:
            self.current.advance(self.now(), number(fields.get("done"), 0.0))
            self.current.figures = _table(fields.get("figures")) or self.current.figures
            return self.current
        elif kind == "stage_finished":
            name = str(fields.get("stage"))
            stage = self.current or Stage(name=name, title=name, began=self.now())
            stage.seconds = number(fields.get("seconds"), self.now() - stage.began)
            stage.figures = _table(fields.get("figures"))
            self.finished = [known for known in self.finished if known.name != stage.name] + [stage]
            self.current = None
            return stage
        return None

    def _take_over(self, finished: Mapping[str, Any]) -> None:
        """Stages that a former process has finished, with their seconds."""
        known = {stage.name for stage in self.finished}
        for name, seconds in finished.items():
            if name not in known:
                stage = Stage(name=name, title=name, began=self.now(), seconds=number(seconds, 0.0))
                self.finished.append(stage)

    @property
    def elapsed(self) -> float:
        """Seconds since the search began."""
        return self.now() - self.began

    def left(self) -> tuple[float, bool] | None:
        """Estimated seconds to the end of the search, and whether all stages to come are in it.

        A stage to come is taken to last as long as the finished one of its kind; kinds not yet seen count zero, so the
        estimate is then a lower bound (False). None where no plan is known.
        """
        if not self.planned:
            return None
        seen: dict[str, float] = {}
        for stage in self.finished:
            seen[stage.kind] = stage.seconds or 0.0
        past = {stage.name for stage in self.finished}
        total, complete = 0.0, True
        for name in self.planned:
            if self.current is not None and name == self.current.name:
                left = self.current.left(self.now())
                total, complete = total + (left or 0.0), complete and left is not None
            elif name not in past:
                kind = Stage(name=name, title=name, began=0.0).kind
                total, complete = total + seen.get(kind, 0.0), complete and kind in seen
        return total, complete
