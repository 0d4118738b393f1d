"""Who may work together: refusals before anything is started, and how many processes `auto` takes."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.loop.conftest import MICRO

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.distributed.local import Followers
from bnao.errors import SettingError
from bnao.loop.given import NOTHING
from bnao.loop.team import start
from bnao.loop.team.auto import num_processes
from bnao.loop.team.team import Team
from bnao.recipes import load_recipe

DEMO = load_recipe("demo")


def with_batch(size: int):
    training = replace(DEMO.supernet.training, batch_size=size)
    return replace(DEMO, supernet=replace(DEMO.supernet, training=training))


@pytest.mark.parametrize(
    ("asked", "config", "threads", "count"),
    [
        ("auto", DEMO, 2, 2),
        ("auto", DEMO, 16, 2),
        ("auto", DEMO, 1, 1),
        ("auto", with_batch(32), 2, 2),
        ("auto", with_batch(31), 2, 1),
        ("auto", replace(DEMO, max_minutes=5.0), 2, 1),
        ("auto", replace(DEMO, objective=replace(DEMO.objective, class_weights=(1.0,) * 10)), 2, 1),
        ("3", DEMO, 1, 3),
    ],
)
def test_how_many(asked, config, threads, count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert num_processes(asked, config, threads) == count


def test_one_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert num_processes("auto", DEMO, 8) == 1
    assert num_processes("auto", replace(DEMO, device="cpu"), 8) == 2


def test_objects_cannot_travel(tmp_path: Path) -> None:
    from tests.loop.test_own_search import CLASSES, FLAT, Net

    with pytest.raises(SettingError, match=r"cannot travel .*; received 2: .*torchrun --nproc-per-node N script.py"):
        bnao.search(Net, train=(FLAT, CLASSES), out=tmp_path / "run", processes=2)
    assert not (tmp_path / "run").exists()


def test_refused_before_anything_is_written(tmp_path: Path) -> None:
    for config, processes, said in (
        (MICRO, 0, "processes is from 1 to 1024; received 0"),
        (replace(MICRO, max_minutes=3.0), 2, "planned from the steps of one process.*2 processes and max_minutes 3.0"),
        (MICRO, 17, "supernet.training: a batch of 32 has at most 16 parts .*; received 17: raise batch_size"),
    ):
        with pytest.raises(SettingError, match=said):
            api.search(config, tmp_path / "run", processes=processes)
    assert not (tmp_path / "run").exists()


def test_parts_count_each_of_the_accumulated_ones() -> None:
    training = replace(MICRO.supernet.training, gradient_accumulation=4)
    config = replace(MICRO, supernet=replace(MICRO.supernet, training=training))
    assert Team(parts=3).shards(training).total == 12
    with pytest.raises(SettingError, match=r"at most 16 parts .*; received 20"):
        Team(parts=5).check(config)


@pytest.mark.parametrize("word", ["two", "0", "-1", "1.5"])
def test_the_command_refuses_other_words(word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["search", f"--processes={word}", "--out", str(tmp_path / "run")]) == 2
    assert "processes is a number from 1, or auto" in capsys.readouterr().err


def test_the_command_passes_the_number_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[int | None] = []

    def search(settings, **named):
        heard.append(named["processes"])
        raise SettingError("enough")

    monkeypatch.setattr(api, "search", search)
    for words in (["--processes", "3"], ["--threads", "2"], ["--threads", "1"], ["--threads", "2", "--processes", "1"]):
        assert main(["search", "--device", "cpu", "--out", str(tmp_path / "run"), *words]) == 2
    assert heard == [3, 2, 1, 1]


def test_one_process_commands_refuse_torchrun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "here"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match="a plan is called in one process; torchrun started 2"):
        api.plan(MICRO)
    with pytest.raises(SettingError, match="a dry run of a search is called in one process; torchrun started 2"):
        api.dry_search(MICRO)
    with pytest.raises(SettingError, match=r"a ranking is called in one process; torchrun started 2: .*--processes N"):
        api.rank(tmp_path)
    with pytest.raises(SettingError, match="processes are those that torchrun started, 2; received 3"):
        api.search(MICRO, tmp_path / "run", processes=3)


def test_a_follower_leaves_signals_to_rank_0() -> None:
    """Who stops a service, or a job, may signal every process of it."""
    followers = Followers(2, start.MODULE, 1)
    try:
        followers.wait()
        [process] = followers._processes.values()
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        time.sleep(0.5)
        assert followers.ended() is None
    finally:
        followers.close(kill=True)


def test_more_processes_than_a_run_had_share_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Enough(Exception):
        pass

    def started(self: start.Assembly, threads: int) -> None:
        asked.append(threads)
        raise Enough

    monkeypatch.setattr(start.Assembly, "_started", started)
    work = SimpleNamespace(config=replace(MICRO, threads=8), device=torch.device("cpu"))
    for size, resumed, parts in ((2, True, 2), (2, True, 4), (4, True, 2), (4, True, 1), (4, False, 1)):
        with pytest.raises(Enough), start.Assembly(size, NOTHING) as assembly:
            assembly.joined(work, resumed=resumed, parts=parts)
    assert asked == [8, 8, 4, 2, 2]
