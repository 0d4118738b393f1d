"""When running work is saved, by a clock of the test's own; and what an end by a signal says is kept."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bnao.errors import Interrupted
from bnao.loop import saving
from bnao.loop.config import SearchConfig
from bnao.loop.events import Kept, Silent
from bnao.loop.recording import recorded
from bnao.loop.saving import SaveClock
from bnao.loop.stages import StageLog
from bnao.loop.stopping import Stop
from bnao.storage import RunFolder


class Time:
    """In place of the module ``time``."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_one_slow_save_makes_the_next_rare_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    monkeypatch.setattr(saving, "time", time)
    clock = SaveClock(60.0, Stop())
    for seconds, wait in ((30.0, 1500.0), (0.5, 60.0), (2.0, 100.0)):
        with clock.saving():
            time.now += seconds
        time.now += wait - 1
        assert not clock.due()
        time.now += 1
        assert clock.due()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_says_that_work_is_lost(number: signal.Signals, tmp_path: Path) -> None:
    log = StageLog(Silent())
    with RunFolder.create(tmp_path / "run", config=SearchConfig(), recipe="custom") as run:
        for stop, words in (
            (os.kill, "at once; what came after the last save is lost: go on with X"),
            (lambda *_: log.stop.check(), "; all work up to here is kept: go on with X"),
        ):
            log.stop.asked = False
            with (
                pytest.raises(Interrupted, match=f"^stopped ?{words}$"),
                recorded(run, log, Kept(), Silent(), go_on="X"),
            ):
                os.kill(os.getpid(), number)
                stop(os.getpid(), number)
