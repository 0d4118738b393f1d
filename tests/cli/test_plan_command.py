"""``bnao plan``: the flags of a search, a page and JSON."""

from __future__ import annotations

import json
import sys
import types
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

import bnao
from bnao.cli.main import main, make_app
from bnao.loop.config import SearchConfig
from bnao.loop.plan.interval import Interval
from bnao.loop.plan.plan import Plan, StagePlan
from bnao.report.plan_page import print_plan
from bnao.storage import from_dict

SUPERNET = Interval(low=800.0, middle=1000.0, high=1150.0)
PLAN = Plan(
    stages=[
        StagePlan(name="data", seconds=Interval(low=1.0, middle=2.0, high=3.0), memory_bytes=400_000_000),
        StagePlan(name="supernet-1", seconds=SUPERNET, memory_bytes=2_000_000_000),
        StagePlan(name="other", seconds=Interval(low=1.0, middle=2.0, high=3.0)),
    ],
    total=Interval(low=802.0, middle=1004.0, high=1156.0),
    peak_bytes=2_000_000_000,
    memory_how="resident memory",
    busy=0.3,
    seconds_to_measure=31.0,
    limit_minutes=20.0,
    settings={"supernet.training.epochs": 3.2, "loop.rounds": 2},
    asked={"supernet.training.epochs": 4.0, "loop.rounds": 2},
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SearchConfig]:
    """The settings that `bnao.api.plan` was called with; it is a stand-in."""
    received: list[SearchConfig] = []
    fake = types.ModuleType("bnao.api")

    def plan(config: SearchConfig, **rest: Any) -> Plan:
        received.append(config)
        return PLAN

    vars(fake)["plan"] = plan
    monkeypatch.setitem(sys.modules, "bnao.api", fake)
    monkeypatch.setattr(bnao, "api", fake, raising=False)
    return received


def test_it_takes_the_flags_of_a_search(asked: list[SearchConfig], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--max-minutes", "20", "--loop.pool", "60", "--seed", "3", "--max-params", "9000"]
    assert main(["plan", *words, "--out", "runs/x"]) == 0
    [config] = asked
    assert (config.max_minutes, config.loop.pool, config.seed, config.limits.max_params) == (20.0, 60, 3, 9000)
    assert "supernet-1" in capsys.readouterr().out


def test_the_two_flags_of_a_search_that_it_does_not_take() -> None:
    """As its help and docs/planning.md say."""
    app = make_app()
    search, plan = ({n for a in app[c].assemble_argument_collection() for n in a.names} for c in ("search", "plan"))
    assert search - plan == {"--processes", "--dry-run"} and plan - search == {"--json"}


def test_json_reads_back(asked: list[SearchConfig], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--json"]) == 0
    assert from_dict(Plan, json.loads(capsys.readouterr().out)) == PLAN


def test_a_limit_that_is_none_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--max-minutes", "0"]) == 2
    assert "max_minutes is positive; received 0" in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_has_stages_total_and_what_was_chosen(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    print_plan(PLAN, console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    for part in ("about 16 min 44 s (13 min 22 s to 19 min 16 s)", "supernet-1", "2.0 GB", "400 MB", "max_minutes 20"):
        assert part in flat
    assert "supernet.training.epochs 4" in flat and "30 % of the CPU" in flat


def test_the_line_of_a_plan() -> None:
    assert PLAN.text == (
        "planned 16.7 min (13.4 to 19.3) for a limit of 20 min: supernet.training.epochs 3.2, loop.rounds 2 "
        "(asked for: supernet.training.epochs 4)"
    )
    assert replace(PLAN, limit_minutes=None).text == "planned 16.7 min (13.4 to 19.3)"
