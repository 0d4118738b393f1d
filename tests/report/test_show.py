import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from bnao.errors import RunError
from bnao.loop.result import SearchResult
from bnao.report import show_run
from bnao.storage import PoolEntry, RunFolder


def _shown(path: Path, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    show_run(RunFolder.open(path), console)
    return console.export_text()


def _run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", config={"seed": 7}, recipe="demo")


def test_a_run_just_begun(tmp_path: Path) -> None:
    run = _run(tmp_path)
    text = _shown(run.path)
    assert "running" in text and "demo, seed 7" in text and "none yet" in text and "go on with" in text
    assert not run.pool_path.exists(), "showing a run changes nothing"


def test_an_unfinished_run(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with run.event_log() as log:
        log.event("stage_started", stage="supernet-1", title="Supernet, round 1", total=10, unit="steps")
        log.event("stage_finished", stage="supernet-1", seconds=65.0, figures={"loss": 1.5})
        log.event("stage_started", stage="scoring-1", title="Scoring, round 1", total=10, unit="architectures")
    assert "Pool" not in _shown(run.path)
    with run.pool() as pool, run.commit() as commit:
        pool.add(
            PoolEntry(id=f"{k:016x}", text="0 1 " * 20, round=1 + k // 8, origin="random", num_params=5000, macs=10**8)
            for k in range(10)
        )
        commit.include(pool)
    with run.pool() as pool:
        assert "not scored yet" in _shown(run.path)
        pool.set_scores(1, {f"{k:016x}": k / 8 for k in range(8)})
    text = _shown(run.path)
    assert max(map(len, text.splitlines())) <= 80
    for part in (
        "✓ Supernet, round 1: 1 min 05 s · loss 1.5", "→ Scoring, round 1: begun, not finished",
        "Pool: 10 architectures (round 1: 8, round 2: 2)", "0.8750", "5.00 k", "100.0 M",
    ):  # fmt: skip
        assert part in text, part


def test_a_finished_run(tmp_path: Path, make_result: Callable[..., SearchResult]) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("result.json", make_result())
        commit.set_status("finished")
    run.publish("result.json")
    text = _shown(run.path, 200)
    assert "finished" in text and "85.32 %" in text and "result.json" in text and "resum" not in text


def test_damage_is_an_error_of_the_run(tmp_path: Path, make_result: Callable[..., SearchResult]) -> None:
    run = _run(tmp_path)
    with run.pool() as pool, run.commit() as commit:
        commit.include(pool)
    run.pool_path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(RunError, match="damaged"):
        _shown(run.path)
    with run.commit() as commit:
        commit.write_json("result.json", {"recipe": "demo"})
    with pytest.raises(RunError, match=r"result.json must have the key 'seed'"):
        _shown(run.path)
