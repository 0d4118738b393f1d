"""A limit on latency: measured once, kept by all, checked on whole networks. The clock is a count of operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.loop.conftest import MICRO, Enough, Recorder, StopAt
from tests.resume.outcome import outcome
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import bnao.api as api
import bnao.loop.latency as latency
from bnao.arch import Architecture
from bnao.cost.costs import LatencyFunction
from bnao.cost.limits import Limits
from bnao.cost.timing import Timing
from bnao.errors import RunError, SettingError
from bnao.loop.events import Silent
from bnao.loop.front import POOL_LATENCY
from bnao.loop.given import Given
from bnao.loop.inputs import read_inputs, read_latency
from bnao.loop.run import prepare, run_search, stage_names
from bnao.loop.stages import StageLog
from bnao.loop.team.start import Assembly
from bnao.loop.team.team import Team
from bnao.loop.workbench import make_workbench
from bnao.rng import generator
from bnao.storage import RunFolder
from bnao.storage.pool_csv import pool_entries


def counted_ms(module: nn.Module, inputs: Sequence[Tensor]) -> Timing:
    """A clock that counts: a millisecond for a million multiply-adds, and 0.1 us for whatever is called."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return Timing(median_ms=1e-4 + counter.get_total_flops() / 2e6, spread_ms=0.001, repeats=1)


class Clock:
    """:func:`counted_ms` that remembers how often, and with which threads, it was asked; ``factor`` slows networks."""

    def __init__(self) -> None:
        self.calls, self.threads = 0, set[int]()
        self.factor: Callable[[nn.Module], float] = lambda module: 1.0

    def __call__(self, module: nn.Module, inputs: Sequence[Tensor]) -> Timing:
        self.calls += 1
        self.threads.add(torch.get_num_threads())
        timing = counted_ms(module, inputs)
        return replace(timing, median_ms=timing.median_ms * self.factor(module))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(latency, "measure_ms", found)
    return found


def limited(quantile: float) -> Any:
    """The micro search with a limit that this share of the space keeps, by the counting clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "measure_ms", counted_ms)
        bench = prepare(replace(MICRO, limits=Limits(max_latency_ms=1e6)), StageLog(Silent()))
    assert bench.latency is not None
    drawn = bench.latency.values(bench.feasible.sample(200, draws()))
    return replace(MICRO, limits=Limits(max_latency_ms=float(sorted(drawn)[int(200 * quantile)])))


def draws() -> np.random.Generator:
    return generator(0, "test")


@pytest.fixture(scope="module")
def config() -> Any:
    return limited(0.5)


@pytest.fixture(scope="module")
def undisturbed(config: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[api.Result, Recorder]:
    """The limited micro search, by the counting clock."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "measure_ms", counted_ms)
        return api.search(config, tmp_path_factory.mktemp("limited") / "run", listener=recorder), recorder


def latencies(path: Path) -> dict[str, float]:
    found: dict[str, float] = RunFolder.open(path).read_json(POOL_LATENCY)
    return found


def test_a_search_keeps_its_limit_and_says_what_it_measured(
    config: Any, undisturbed: tuple[api.Result, Recorder]
) -> None:
    result, recorder = undisturbed
    limit, run = config.limits.max_latency_ms, RunFolder.open(result.path)
    assert [f["stage"] for f in recorder.of("stage_finished")] == stage_names(config)
    pool = latencies(result.path)
    assert set(pool) == {e.id for e in pool_entries(run.pool_path)}
    assert max(pool.values()) <= limit
    found = result.summary.winner.latency
    assert found is not None and found.limit_ms == limit and found.predicted_ms <= limit
    assert found.whole_ms == pytest.approx(1e-4 + result.summary.winner.macs / 1e6)
    assert found.whole_ms <= limit and not found.breaks
    assert all(t.latency_ms is not None for t in result.summary.trained)
    table = read_latency(run)
    assert table is not None and table.threads == 1 and table.where.endswith("1 thread, 1 image a call")
    assert found.table_error == table.error


@pytest.mark.parametrize("stage", ["supernet-1", "latency-whole", "measure"])
def test_a_killed_search_ends_with_the_same_table_and_result(
    stage: str, config: Any, clock: Clock, undisturbed: tuple[api.Result, Recorder], tmp_path: Path
) -> None:
    with pytest.raises(Enough):
        api.search(config, tmp_path / "run", listener=StopAt("stage_finished", stage=stage))
    before = clock.calls
    api.resume(tmp_path / "run")
    assert outcome(tmp_path / "run") == outcome(undisturbed[0].path)
    if stage == "measure":
        assert clock.calls == before  # nothing is measured a second time


def test_a_search_killed_while_it_measures_has_written_nothing(config: Any, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(Enough):
        api.search(config, tmp_path / "run", listener=StopAt("stage_progress", 5, stage="latency"))
    assert clock.calls == 5 and not (tmp_path / "run").exists()


def test_another_clock_on_resume_changes_nothing(config: Any, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(Enough):
        api.search(config, tmp_path / "run", listener=StopAt("stage_finished", stage="latency-whole"))
    table = read_latency(RunFolder.open(tmp_path / "run"))
    clock.factor = lambda module: 0.99
    api.resume(tmp_path / "run")
    assert read_latency(RunFolder.open(tmp_path / "run")) == table


def test_the_best_that_keeps_the_limit_as_a_whole_is_delivered(
    config: Any, clock: Clock, undisturbed: tuple[api.Result, Recorder], tmp_path: Path
) -> None:
    free = undisturbed[0].summary
    first, second = (t for t in free.trained if t.arm == "searched")
    assert free.winner.id == first.id
    wholes = {t.latency_ms for t in free.trained if t.arm == "searched"}
    assert len(wholes) == 2

    def slow(module: nn.Module) -> float:
        shown = counted_ms(module, [torch.zeros(1, 3, 8, 8)]).median_ms if isinstance(module, whole_type) else 0.0
        return 100.0 if shown == first.latency_ms else 1.0

    bench = make_workbench(config)
    whole_type = type(bench.delivered.skeleton.build_standalone(bench.feasible.sample(1, draws())[0]).module)

    class Slower:
        """The clock slows down once the table is measured."""

        def event(self, kind: str, **fields: Any) -> None:
            if kind == "stage_finished" and fields["stage"] == "latency":
                clock.factor = slow

    result = api.search(config, tmp_path / "slow", listener=Slower()).summary
    assert result.winner.id == second.id
    assert any("more than max_latency_ms" in text and second.id[:8] in text for text in result.warnings)
    assert [t.id for t in result.trained if t.arm == "searched" and t.test_metric is not None] == [second.id]


def test_where_none_keeps_it_the_result_says_so_loudly(config: Any, clock: Clock, tmp_path: Path) -> None:
    class Slower:
        def event(self, kind: str, **fields: Any) -> None:
            if kind == "stage_finished" and fields["stage"] == "latency":
                clock.factor = lambda module: 1000.0

    result = api.search(config, tmp_path / "run", listener=Slower()).summary
    loud = [text for text in result.warnings if "BREAKS THE LIMIT" in text]
    assert len(loud) == 1 and "bnao pick" in loud[0]
    assert result.winner.latency is not None and result.winner.latency.breaks
    assert any("the delivered network takes" in text for text in result.warnings)
    searched = [t for t in result.trained if t.arm == "searched"]
    assert result.winner.id == min(searched, key=lambda t: t.latency_ms or 0.0).id


def test_an_impossible_limit_is_refused_with_the_nearest_value(clock: Clock, tmp_path: Path) -> None:
    config = replace(MICRO, limits=Limits(max_latency_ms=0.001))
    with pytest.raises(SettingError, match=r"max_latency_ms = 0.001: none was found .* nearest has 0.\d+ ms. Raise"):
        api.search(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_pick_takes_the_table_of_its_source(
    clock: Clock, undisturbed: tuple[api.Result, Recorder], tmp_path: Path
) -> None:
    source, recorder = undisturbed[0], Recorder()
    limit = sorted(latencies(source.path).values())[5]
    picked = api.pick(source.path, tmp_path / "pick", max_latency_ms=limit, listener=recorder)
    assert clock.calls > 0  # whole networks
    assert read_latency(RunFolder.open(picked.path)) == read_latency(RunFolder.open(source.path))
    assert "latency" not in {f["stage"] for f in recorder.of("stage_finished")}
    assert max(latencies(picked.path).values()) <= limit


def test_all_is_measured_with_the_threads_of_the_table_and_a_pick_takes_that_too(
    config: Any, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divided(self: Assembly, work: Any, **options: Any) -> Any:
        return work.joined(Team(), 1)

    monkeypatch.setattr(Assembly, "joined", divided)
    source, recorder = api.search(replace(config, threads=2), tmp_path / "run"), Recorder()
    inputs, table = read_inputs(RunFolder.open(source.path)), read_latency(RunFolder.open(source.path))
    assert inputs is not None and inputs.threads == 1 and table is not None and table.threads == 2
    assert clock.threads == {2}
    found = api.pick(source.path, tmp_path / "pick", max_latency_ms=1e6, listener=recorder).summary
    assert clock.threads == {2} and found.threads == 1
    assert "latency" not in {f["stage"] for f in recorder.of("stage_finished")}
    assert found.winner.latency is not None and "2 threads" in found.winner.latency.where


def sum_of_tokens(architectures: Sequence[Architecture]) -> list[float]:
    return [float(sum(a.tokens)) for a in architectures]


def test_a_function_takes_the_place_of_the_table(clock: Clock, tmp_path: Path) -> None:
    config = replace(MICRO, limits=Limits(max_latency_ms=12.0))
    with pytest.raises(Enough):
        stop = StopAt("stage_finished", stage="supernet-1")
        api.search(config, tmp_path / "run", latency=sum_of_tokens, listener=stop)
    with pytest.raises(RunError, match="begun with a function"):
        api.resume(tmp_path / "run")
    clock.calls = 0
    result = api.resume(tmp_path / "run", latency=sum_of_tokens)
    assert clock.calls == 0
    assert max(latencies(result.path).values()) <= 12.0
    found = result.summary.winner.latency
    assert found is not None and found.whole_ms is None and found.predicted_ms <= 12.0 and not found.breaks


def test_a_run_goes_on_with_the_latencies_it_was_begun_with(config: Any, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(Enough):
        api.search(config, tmp_path / "run", listener=StopAt("stage_finished", stage="supernet-1"))
    own = Given(latency=LatencyFunction(lambda architectures: [0.1] * len(architectures)))
    with RunFolder.resume(tmp_path / "run") as run:
        log = StageLog(Silent())
        with pytest.raises(RunError, match="begun with a measured table"):
            run_search(prepare(config, log, begun=True, given=own), run, log)
    with pytest.raises(SettingError, match=r"limits\.max_latency_ms only"):
        prepare(MICRO, StageLog(Silent()), given=own)
