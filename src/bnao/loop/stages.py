"""Stages of a search: each tells the listener when it starts, how far it is, what it found, and commits it.

What the stages know of each other (times, figures, warnings) is the state's ``progress.json``, written with each
commit, so that a resumed run goes on where the last commit was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bnao.errors import NumericalError
from bnao.loop.events import Listener
from bnao.loop.memory import memory_error, ran_out
from bnao.loop.stopping import Stop
from bnao.storage import Commit, RunFolder, from_dict
from bnao.training.loop import Epoch, Hooks

PROGRESS = "progress.json"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Finished stages with their times and figures, seconds already spent in unfinished ones, warnings so far."""

    seconds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    unfinished: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_progress(run: RunFolder) -> Progress | None:
    """What a run's stages know of each other; None before its first commit. Raises RunError if it is damaged."""
    return from_dict(Progress, run.read_json(PROGRESS), source=f"{run.path}/{PROGRESS}") if run.has(PROGRESS) else None


class Stage:
    """A running stage: ``progress`` reports work done so far, ``figures`` are what it will be remembered by."""

    def __init__(self, log: StageLog, name: str) -> None:
        self.name = name
        self.figures: dict[str, float] = {}
        self._log = log
        self._before = log.unfinished.get(name, 0.0)
        self._start = time.monotonic()
        self._writes: list[Callable[[Commit], None]] = []

    @property
    def seconds(self) -> float:
        """Seconds spent in it, in former processes up to their last commit too."""
        return self._before + time.monotonic() - self._start

    def progress(self, done: int, figures: dict[str, float] | None = None) -> None:
        """``done`` units of the stage's total are finished. Raises KeyboardInterrupt where the user asked to stop."""
        self._log.listener.event("stage_progress", stage=self.name, done=done, figures=figures or {})
        self._log.stop.check()

    def hooks(self, before: int = 0, **context: str) -> Hooks:
        """Hooks of a training within this stage that starts after ``before`` units of other work."""

        def on_step(done: int, figures: dict[str, float]) -> None:
            self.progress(before + done, figures)

        def on_epoch(epoch: Epoch) -> None:
            self._log.listener.event("epoch", stage=self.name, **context, **vars(epoch))

        return Hooks(on_step=on_step, on_epoch=on_epoch)

    def keep(self, write: Callable[[Commit], None]) -> None:
        """``write`` is part of the one commit at the stage's end."""
        self._writes.append(write)

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """A commit before the stage's end. Raises RunError when the disk refuses; the former state stays."""
        self._log.unfinished[self.name] = self.seconds
        with self._log.commit() as commit:
            yield commit

    def _finish(self) -> None:
        log = self._log
        log.seconds[self.name], log.figures[self.name] = self.seconds, dict(self.figures)
        log.unfinished.pop(self.name, None)
        if log.run is not None:
            with log.commit() as commit:
                for write in self._writes:
                    write(commit)


class StageLog:
    """Runs stages in turn and remembers their times and figures; ``stop`` is heeded by each stage's progress.

    Until :meth:`attach` names the run nothing is written.
    """

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.stop = Stop()
        self.run: RunFolder | None = None
        self.resumed = False  # whether the run held progress when it was attached
        self.seconds: dict[str, float] = {}
        self.figures: dict[str, dict[str, float]] = {}
        self.unfinished: dict[str, float] = {}
        self.warnings: list[str] = []

    def attach(self, run: RunFolder) -> None:
        """Write to ``run`` from now on, going on from what it holds. Raises RunError if that is damaged."""
        self.run, before = run, read_progress(run)
        self.resumed = before is not None
        if before is None:
            return
        self.seconds = {**before.seconds, **{k: before.seconds.get(k, 0.0) + s for k, s in self.seconds.items()}}
        self.figures = {**before.figures, **self.figures}
        self.unfinished = dict(before.unfinished)
        self.warnings = before.warnings + [text for text in self.warnings if text not in before.warnings]

    def done(self, name: str) -> bool:
        """Whether a stage has finished, in this process or a former one."""
        return name in self.seconds

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """A commit of the run, the progress with it."""
        assert self.run is not None, "nothing is committed before the run exists"
        with self.run.commit() as commit:
            yield commit
            commit.write_json(PROGRESS, self._progress())
        self.stop.unsaved = False

    def _progress(self) -> Progress:
        return Progress(
            seconds=self.seconds, figures=self.figures, unfinished=self.unfinished, warnings=self.warnings
        )  # fmt: skip

    @contextmanager
    def stage(self, name: str, title: str, total: int | None, unit: str) -> Iterator[Stage]:
        """One stage; it counts as finished only when the block ends without an exception and is committed."""
        self.stop.check()
        self.listener.event("stage_started", stage=name, title=title, total=total, unit=unit)
        stage = Stage(self, name)
        try:
            yield stage
        except NumericalError as error:
            raise NumericalError(f"{name} ({_settings(name)}): {error}") from error
        except (RuntimeError, MemoryError) as error:
            if ran_out(error):
                raise memory_error(name, error) from error
            raise
        stage._finish()
        self.listener.event("stage_finished", stage=name, seconds=round(self.seconds[name], 3), figures=stage.figures)

    def warn(self, text: str) -> None:
        """Something the user should know; kept for the report, said once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.listener.event("warning", text=text)


def _settings(stage: str) -> str:
    """Where the settings of a stage's training are."""
    kind = stage.partition("-")[0]
    of = {
        "supernet": "supernet.training", "scoring": "scoring", "final": "final.training", "controller": "controller",
        "train": "training", "measure": "final",
    }  # fmt: skip
    return of.get(kind, "rerank.training")
