"""The progress display: a live bar in a terminal, sparse plain lines in a pipe or a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bnao.data.words import examples_word
from bnao.report.format import clock as ticking
from bnao.report.format import count, duration, figures, magnitude, percent, processes_text, shown
from bnao.report.stage import SearchClock, Stage, number

QUIET_SECONDS = 10.0  # plain mode: at most one line in this time between a stage's start and end


class ProgressDisplay:
    """A listener that shows a search's events on ``console``; a context manager.

    In a terminal: a line for the whole search, a bar for the running stage (units done, rate, time left, its figures);
    a finished stage leaves one line. Elsewhere: a plain line at the start and end of each stage and at most one every
    10 s between. No line is longer than the terminal is wide. ``live`` chooses by hand; ``what`` names the whole.
    ``stages`` are the names of all stages, where known before (an event ``search_started`` may bring them as its field
    ``stages``): they allow a time left for the whole search.

    >>> console = Console(width=60)
    >>> with ProgressDisplay(console, live=False) as display:
    ...     display.event("stage_started", stage="scoring-1", title="Scoring", total=1000, unit="architectures")
    ...     display.event("stage_finished", stage="scoring-1", seconds=12.0, figures={"loss": 1.5})
    Scoring: 1,000 architectures
    Scoring: done in 12 s · loss 1.5
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        stages: Sequence[str] = (),
        live: bool | None = None,
        what: str = "Search",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self._what = console or Console(), what
        is_terminal = self.console.is_interactive and self.console.file.isatty()
        self._clock = SearchClock(stages, clock)
        self._spoken = clock()
        self._live = Live(
            get_renderable=self._render, console=self.console, auto_refresh=True, refresh_per_second=4, transient=True
        ) if (is_terminal if live is None else live) else None  # fmt: skip

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def event(self, kind: str, **fields: Any) -> None:
        """Show one event; unknown kinds show nothing."""
        stage = self._clock.event(kind, fields)
        if kind in ("search_started", "run_started"):
            self._start_line(fields)
        elif kind == "stage_started" and stage is not None and self._live is None:
            amount = f": {count(stage.total)} {stage.unit}".rstrip() if stage.total is not None else " ..."
            self._line(f"{stage.title}{amount}")
        elif kind == "stage_progress" and stage is not None and self._live is None:
            if self._clock.now() - self._spoken >= QUIET_SECONDS:
                self._line(" · ".join(part for part in (f"  {self._done(stage)}", *self._times(stage)) if part))
        elif kind == "stage_finished" and stage is not None:
            told = figures(stage.figures)
            self._finished_line(stage, told)
        elif (kind == "check" and not fields.get("warned")) or kind == "planned":
            self._wrapped(str(fields.get("text", "")), "cyan")
        elif kind == "warning":
            self._wrapped(f"warning: {fields.get('text', '')}", "yellow")
        elif kind in ("search_finished", "run_finished"):
            what = "Search" if kind == "search_finished" else self._what
            self._line(f"{what} finished in {duration(number(fields.get('seconds'), self._clock.elapsed))}", "bold")
        elif kind == "tested" and isinstance(fields.get("test_accuracy"), float):
            self._line(f"  epoch {fields.get('epoch')}: test error {percent(1 - fields['test_accuracy'], 2)}")

    # ---- lines that stay ----

    def _start_line(self, fields: dict[str, Any]) -> None:
        images = [f"{count(fields[key])} {word}" for key, word in _IMAGES if isinstance(fields.get(key), int)]
        parts = [
            f"recipe {fields.get('recipe')}, seed {fields.get('seed')}",
            f"{fields.get('data')}: {', '.join(images)} {examples_word(str(fields.get('data')))}" if images else "",
            f"{fields['space_size']} architectures" if fields.get("space_size") else "",
            f"{fields.get('device')}, {processes_text(fields.get('processes'), fields.get('threads'))}"
            if fields.get("device")
            else "",
        ]
        self._wrapped(" · ".join(part for part in parts if part), "bold")

    def _finished_line(self, stage: Stage, told: str) -> None:
        took = duration(stage.seconds or 0.0)
        if self._live is None:
            self._line(f"{stage.title}: done in {took}" + (f" · {told}" if told else ""))
            return
        line = Text.assemble(("✓ ", "green"), f"{stage.title:<28} ", (f"{took:>12}", "cyan"))
        line.append(f"   {told}" if told else "", "dim")
        self._print(line)

    def _line(self, text: str, style: str = "") -> None:
        self._print(Text(text, style))

    def _print(self, text: Text) -> None:
        text = self._fit(text)
        self._spoken = self._clock.now()
        self.console.print(text, no_wrap=True, overflow="ellipsis", highlight=False, soft_wrap=False)

    def _wrapped(self, text: str, style: str) -> None:
        self.console.print(self._plain(Text(text, style)), highlight=False)

    def _plain(self, text: Text) -> Text:
        plain = shown(text.plain, self.console.options.ascii_only)
        return text if plain == text.plain else Text(plain, text.style)

    def _fit(self, text: Text) -> Text:
        text = self._plain(text)
        text.truncate(self.console.width, overflow="crop" if self.console.options.ascii_only else "ellipsis")
        return text

    # ---- what moves ----

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = []
        stage = self._clock.current
        if stage is not None:
            row = Table.grid(padding=(0, 1), expand=True)
            row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
            row.add_column(no_wrap=True)
            row.add_column(justify="right", no_wrap=True)
            width = max(10, min(40, self.console.width // 3))
            share = f"{100 * min(stage.done / stage.total, 1):3.0f} %" if stage.total else ""
            bar = ProgressBar(total=stage.total, completed=stage.done, width=width, pulse=not stage.total)
            row.add_row(self._plain(Text(stage.title, "bold")), bar, share)
            details = [self._done(stage), *self._times(stage), figures(stage.figures)]
            parts += [row, self._fit(Text("  " + " · ".join(part for part in details if part), "dim"))]
        parts.append(self._fit(Text(self._overall(), "cyan")))
        return Group(*parts)

    def _done(self, stage: Stage) -> str:
        total = f"/{count(stage.total)}" if stage.total is not None else ""
        return f"{count(stage.done)}{total} {stage.unit}".rstrip()

    def _times(self, stage: Stage) -> list[str]:
        now = self._clock.now()
        rate, left = stage.rate(now), stage.left(now)
        speed = "" if rate is None else f"{magnitude(rate) if rate >= 10 else f'{rate:.2g}'}/s"
        return [
            speed,
            ticking(stage.elapsed(now)) if self._live else "",
            "" if left is None else f"{ticking(left)} left" if self._live else f"about {duration(left)} left",
        ]

    def _overall(self) -> str:
        clock = self._clock
        reached = len(clock.finished) + (clock.current is not None)
        of_all = f" of {len(clock.planned)}" if clock.planned else ""
        parts = [f"{self._what} {ticking(clock.elapsed)}", f"stage {reached}{of_all}"]
        left = clock.left()
        if left is not None and left[0] > 0:
            parts.append(f"{'about' if left[1] else 'at least'} {duration(left[0])} left")
        return " · ".join(parts)


_IMAGES = (("num_train", "training"), ("num_valid", "validation"), ("num_test", "test"))
