"""Stages of a search: each tells the listener when it starts, how far it is, and what it found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bnao.loop.events import Listener
from bnao.training.loop import Epoch, Hooks


@dataclass
class Stage:
    """A running stage: ``progress`` reports work done so far, ``figures`` are what it will be remembered by."""

    name: str
    listener: Listener
    figures: dict[str, float] = field(default_factory=dict)

    def progress(self, done: int, figures: dict[str, float] | None = None) -> None:
        """``done`` units of the stage's total are finished."""
        self.listener.event("stage_progress", stage=self.name, done=done, figures=figures or {})

    def hooks(self, before: int = 0, **context: str) -> Hooks:
        """Hooks of a training within this stage that starts after ``before`` units of other work."""

        def on_step(done: int, figures: dict[str, float]) -> None:
            self.progress(before + done, figures)

        def on_epoch(epoch: Epoch) -> None:
            self.listener.event("epoch", stage=self.name, **context, **vars(epoch))

        return Hooks(on_step=on_step, on_epoch=on_epoch)


class StageLog:
    """Runs stages in turn and remembers their times and figures."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.seconds: dict[str, float] = {}
        self.figures: dict[str, dict[str, float]] = {}
        self.warnings: list[str] = []

    @contextmanager
    def stage(self, name: str, title: str, total: int | None, unit: str) -> Iterator[Stage]:
        """One stage; it counts as finished only when the block ends without an exception."""
        self.listener.event("stage_started", stage=name, title=title, total=total, unit=unit)
        stage, start = Stage(name, self.listener), time.monotonic()
        yield stage
        self.seconds[name] = time.monotonic() - start
        self.figures[name] = dict(stage.figures)
        self.listener.event("stage_finished", stage=name, seconds=round(self.seconds[name], 3), figures=stage.figures)

    def warn(self, text: str) -> None:
        """Something the user should know; kept for the report."""
        self.warnings.append(text)
        self.listener.event("warning", text=text)
