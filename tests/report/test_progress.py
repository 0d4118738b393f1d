import io
from typing import Any

import pytest
from rich.console import Console

from bnao.report import ProgressDisplay
from bnao.report.stage import SearchClock


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def _console(width: int = 80, terminal: bool = False, encoding: str = "utf-8") -> tuple[Console, io.TextIOWrapper]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=file, width=width, height=24, force_terminal=terminal, legacy_windows=False), file


def _text(file: io.TextIOWrapper) -> str:
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(file.encoding)


def _search(display: ProgressDisplay, clock: Clock, steps: int = 100) -> None:
    display.event(
        "search_started", recipe="demo", seed=0, space_size="4.39e22", data="CIFAR-10 sample", num_train=9000,
        num_valid=1000, num_test=2000, device="cpu", threads=1, stages=["data", "supernet-1", "supernet-2"],
    )  # fmt: skip
    display.event("stage_started", stage="data", title="Images", total=None, unit="")
    display.event("stage_finished", stage="data", seconds=1.0, figures={})
    display.event("stage_started", stage="supernet-1", title="Supernet, round 1", total=steps, unit="steps")
    for done in range(1, steps + 1):
        clock.time += 0.5
        display.event("stage_progress", stage="supernet-1", done=done, figures={"loss": 2.0, "accuracy": 0.25})
    display.event("warning", text="[bold]not markup[/bold] " * 12)
    display.event("stage_finished", stage="supernet-1", seconds=50.0, figures={"loss": 1.5, "accuracy": 0.5})
    display.event("something_new", text="x")
    display.event("search_finished", seconds=51.0, winner="0 1", id="ab")


def test_plain_lines_in_a_pipe() -> None:
    console, file = _console()
    clock = Clock()
    with ProgressDisplay(console, clock=clock) as display:
        _search(display, clock)
    lines = _text(file).splitlines()
    assert "\x1b" not in _text(file) and max(map(len, lines)) <= 80
    assert "Images: done in 1.0 s" in lines and "Supernet, round 1: 100 steps" in lines
    between = [line for line in lines if "left" in line]
    assert len(between) == 5  # 50 s, one in 10 s
    assert between[0] == "  20/100 steps · 2/s · about 40 s left"
    assert "Supernet, round 1: done in 50 s · loss 1.5 · accuracy 50.0 %" in lines
    assert lines[-1] == "Search finished in 51 s"
    assert "[bold]not markup[/bold]" in _text(file)


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_the_terminal(width: int, encoding: str) -> None:
    console, file = _console(width, encoding=encoding)
    clock = Clock()
    display = ProgressDisplay(console, clock=clock)
    _search(display, clock)
    assert max(map(len, _text(file).splitlines())) <= width
    live = ProgressDisplay(console, clock=clock, live=True)
    live.event("stage_started", stage="supernet-1", title="A long title " * 5, total=1000, unit="steps")
    clock.time += 10
    live.event("stage_progress", stage="supernet-1", done=300, figures={"loss": 2.0, "accuracy": 0.25, "tau": 0.1})
    with console.capture() as captured:
        console.print(live._render())
    assert max(map(len, captured.get().splitlines())) <= width


def test_live_shows_units_rate_and_time_left() -> None:
    console, _ = _console(100)
    clock = Clock()
    live = ProgressDisplay(console, clock=clock, live=True, stages=["data", "supernet-1", "final"])
    live.event("stage_started", stage="supernet-1", title="Supernet, round 1", total=1000, unit="steps")
    clock.time += 10
    live.event("stage_progress", stage="supernet-1", done=250, figures={"accuracy": 0.25})
    with console.capture() as captured:
        console.print(live._render())
    bar, details, search = captured.get().splitlines()
    assert "Supernet, round 1" in bar and "25 %" in bar
    assert details.strip() == "250/1,000 steps · 25/s · 0:10 · 0:30 left · accuracy 25.0 %"
    assert search.strip() == "Search 0:10 · stage 1 of 3 · at least 30 s left"


def test_the_cursor_comes_back_after_an_exception() -> None:
    console, file = _console(terminal=True)
    clock = Clock()
    with pytest.raises(KeyboardInterrupt), ProgressDisplay(console, live=True, clock=clock) as display:
        _search(display, clock, steps=3)
        raise KeyboardInterrupt
    text = _text(file)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "✓ " in text and "50 s" in text


def test_a_forced_terminal_that_is_a_pipe_gets_plain_lines() -> None:
    console, file = _console(terminal=True)
    with ProgressDisplay(console) as display:
        _search(display, Clock(), steps=1)
    assert "\x1b[?25l" not in _text(file)


def test_time_left_of_the_whole_search() -> None:
    clock = Clock()
    search = SearchClock(["supernet-1", "scoring-1", "supernet-2", "scoring-2"], clock)
    assert SearchClock(clock=clock).left() is None
    search.event("stage_started", {"stage": "supernet-1", "total": 10})
    assert search.left() == (0.0, False)
    clock.time = 4.0
    search.event("stage_progress", {"stage": "supernet-1", "done": 1})
    assert search.left() == (36.0, False)
    search.event("stage_finished", {"stage": "supernet-1", "seconds": 40.0})
    search.event("stage_started", {"stage": "scoring-1", "total": 10})
    clock.time = 5.0
    search.event("stage_progress", {"stage": "scoring-1", "done": 5})
    assert search.left() == (41.0, False)  # the second scoring is of a kind not yet finished
    search.event("stage_finished", {"stage": "scoring-1", "seconds": 2.0})
    assert search.left() == (42.0, True)


@pytest.mark.parametrize("fields", [{}, {"stage": 3, "total": "x", "done": None, "seconds": [], "figures": 3}])
def test_events_from_a_damaged_log_do_not_fail(fields: dict[str, Any]) -> None:
    clock = SearchClock(clock=lambda: 0.0)
    for kind in ("search_started", "stage_finished", "stage_started", "stage_progress", "stage_finished"):
        clock.event(kind, fields)
    assert len(clock.finished) == 1  # the same stage twice: the last word counts
