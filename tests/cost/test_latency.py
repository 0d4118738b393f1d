"""A table of latencies by a clock that counts, limits by it, and the real clock once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import bnao.cost.latency as latency
from bnao.cost.costs import CostFunction, LatencyFunction
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.latency import (
    MOST_PASSES,
    NETWORKS,
    PASSES,
    Measured,
    Setting,
    fit,
    measure_modules,
    measure_networks,
    measure_table,
)
from bnao.cost.latency_table import LatencyTable, TableLatency
from bnao.cost.limit_check import amount
from bnao.cost.limits import Limits
from bnao.cost.sizes import SizeTable
from bnao.cost.timing import Timing, measure_ms
from bnao.errors import RunError, SettingError
from bnao.rng import generator
from bnao.spaces.base import CountedPiece
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.storage import from_dict, to_plain
from bnao.task import Task

CPU = torch.device("cpu")
SPACE = NaoCellSpace(SpaceConfig(nodes=2))
TASK = Task(in_channels=3, image_size=(16, 16), num_classes=10)
SKELETON = SPACE.skeleton(NetworkConfig(cells_per_stage=1, channels=4), TASK)
SIZES = SizeTable(SKELETON)
DRAWN = SPACE.grammar.sample(100, generator(1))


def counted(module: nn.Module, inputs: Sequence[Tensor], each: float = 0.0) -> Timing:
    """A millisecond for each million multiply-adds, and ``each`` for whatever is called."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return Timing(median_ms=each + counter.get_total_flops() / 2e6, spread_ms=0.0, repeats=1)


@pytest.fixture(scope="module")
def table() -> LatencyTable:
    return measure_table(SKELETON, DRAWN, device=CPU, meter=counted)


def test_a_table_is_exact_where_time_is_a_sum(table: LatencyTable) -> None:
    assert table.error is not None and table.error < 1e-4
    assert table.offset_ms == pytest.approx(0, abs=1e-5) and table.factor == pytest.approx(1, abs=1e-3)
    found = TableLatency(table, SKELETON).values(DRAWN)
    assert found == pytest.approx(SIZES.macs(DRAWN) / 1e6, rel=1e-3)
    assert len(table.networks) == NETWORKS
    sums = [network.sum_ms for network in table.networks]
    drawn = TableLatency(table, SKELETON).sums_ms(DRAWN)
    assert sums == sorted(sums) and (sums[0], sums[-1]) == (drawn.min(), drawn.max())


def test_what_runs_between_the_pieces_is_fitted_to() -> None:
    def clock(module: nn.Module, inputs: Sequence[Tensor]) -> Timing:
        whole = len(list(module.modules())) > 40
        timing = counted(module, inputs)
        return replace(timing, median_ms=0.5 + 1.5 * timing.median_ms) if whole else timing

    table = measure_table(SKELETON, DRAWN, device=CPU, meter=clock)
    assert (table.offset_ms, table.factor) == (pytest.approx(0.5, rel=0.01), pytest.approx(1.5, rel=0.01))
    [whole] = measure_networks(SKELETON, DRAWN[:1], Setting(device=CPU, meter=clock))
    assert TableLatency(table, SKELETON).values(DRAWN[:1])[0] == pytest.approx(whole.median_ms, rel=1e-3)


def test_the_auxiliary_head_and_training_are_left_out() -> None:
    modes = []

    def clock(module: nn.Module, inputs: Sequence[Tensor]) -> Timing:
        modes.append(module.training)
        return counted(module, inputs)

    with_head = SPACE.skeleton(
        NetworkConfig(cells_per_stage=1, channels=4, auxiliary=True), replace(TASK, image_size=(32, 32))
    )
    plain = SPACE.skeleton(NetworkConfig(cells_per_stage=1, channels=4), replace(TASK, image_size=(32, 32)))
    first, second = (measure_table(s, DRAWN, device=CPU, meter=clock) for s in (with_head, plain))
    ours, theirs = TableLatency(first, with_head).values(DRAWN), TableLatency(second, plain).values(DRAWN)
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert not any(modes)


def test_batches_and_progress_and_random_state() -> None:
    done: list[int] = []
    state = torch.random.get_rng_state()
    one = measure_table(SKELETON, DRAWN, device=CPU, meter=counted)
    four = measure_table(SKELETON, DRAWN, device=CPU, batch=4, meter=counted, on_done=done.append)
    assert torch.equal(state, torch.random.get_rng_state())
    assert four.batch == 4 and four.where.endswith("4 images a call")
    ratios = [b / a for a, b in zip(one.piece_ns, four.piece_ns, strict=True) if a > 1e4]
    assert ratios == pytest.approx([4.0] * len(ratios), rel=0.01)
    assert done == list(range(1, latency.num_measurements(SKELETON, DRAWN) + 1))


def test_a_disturbed_pass_does_not_count_and_disagreement_asks_for_more() -> None:
    calls: dict[int, int] = {}

    def clock(module: nn.Module, inputs: Sequence[Tensor]) -> Timing:
        calls[id(module)] = count = calls.get(id(module), 0) + 1
        quiet = count in (4, 5)  # all earlier passes are disturbed, each in another way
        return Timing(median_ms=1.0 if quiet else 2.0 + count, spread_ms=0.0, repeats=1)

    [timing] = measure_networks(SKELETON, DRAWN[:1], Setting(device=CPU, meter=clock))
    assert timing.median_ms == 1.0 and PASSES < next(iter(calls.values())) <= MOST_PASSES


def test_a_table_is_plain_data_and_predicts_the_same_from_a_file(table: LatencyTable) -> None:
    again = from_dict(LatencyTable, to_plain(table))
    assert again == table
    ours, theirs = (TableLatency(t, SKELETON) for t in (table, again))
    assert np.array_equal(ours.values(DRAWN), theirs.values(DRAWN))
    alone = np.concatenate([ours.values([a]) for a in DRAWN])
    assert np.array_equal(alone, ours.values(DRAWN))  # whatever company it is asked in


def test_a_table_of_another_network_is_refused(table: LatencyTable) -> None:
    with pytest.raises(RunError, match=r"with .* pieces; received one of 3"):
        TableLatency(replace(table, piece_ns=[1, 2, 3]), SKELETON)


def test_pieces_that_are_no_modules_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SKELETON.catalogue, "pieces", (CountedPiece(1, 1),), raising=False)
    with pytest.raises(SettingError, match="give latency= as a function"):
        measure_table(SKELETON, DRAWN, device=CPU, meter=counted)


@given(st.floats(0, 5), st.floats(0.1, 5), st.lists(st.floats(0.1, 50), min_size=3, max_size=8, unique=True))
def test_a_fit_finds_what_there_is(offset: float, factor: float, sums: list[float]) -> None:
    sums_N = np.array(sums)
    found = fit(sums_N, offset + factor * sums_N)
    assert found[0] + found[1] * sums_N == pytest.approx(offset + factor * sums_N, rel=1e-6)
    assert found[2] is not None and found[2] < 1e-6
    assert fit(sums_N[:2], sums_N[:2])[2] is None


def test_limits_on_latency_are_exact_and_impossible_ones_name_the_nearest(table: LatencyTable) -> None:
    cost = TableLatency(table, SKELETON)
    drawn = cost.values(DRAWN)
    limits = Limits(max_latency_ms=float(np.median(drawn)), max_params=int(np.median(SIZES.num_params(DRAWN))))
    feasible = FeasibleSpace(SPACE.grammar, SIZES, limits, cost)
    assert limits.max_latency_ms is not None and limits.max_params is not None
    found = feasible.sample(200, generator(2))
    assert cost.values(found).max() <= limits.max_latency_ms
    assert SIZES.num_params(found).max() <= limits.max_params
    kept = (drawn <= limits.max_latency_ms) & (SIZES.num_params(DRAWN) <= limits.max_params)
    assert np.array_equal(feasible.contains_each(DRAWN), kept)
    assert cost.values([feasible.mutate(DRAWN[0], generator(3))])[0] <= limits.max_latency_ms
    with pytest.raises(SettingError, match=r"received max_latency_ms = 0.0001: none .* [\d.]+ ms. Raise") as caught:
        FeasibleSpace(SPACE.grammar, SIZES, Limits(max_latency_ms=0.0001), cost).require_not_empty()
    advised = float(str(caught.value).partition("Raise max_latency_ms to ")[2].partition(",")[0])
    FeasibleSpace(SPACE.grammar, SIZES, Limits(max_latency_ms=advised), cost).require_not_empty()


@given(st.floats(1e-6, 1e9))
def test_an_amount_that_is_rounded_up_is_not_below(value: float) -> None:
    assert float(amount(value, up=True).replace(",", "")) >= value
    assert float(amount(value).replace(",", "")) == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize("given_back", [[1.0], [[1.0], [2.0]], [1.0, -1.0], [1.0, float("nan")], "ab", None])
def test_what_is_no_latency(given_back: object) -> None:
    with pytest.raises(SettingError, match="one finite number >= 0 for each architecture"):
        LatencyFunction(lambda architectures: given_back).values(DRAWN[:2])


def test_any_cost_can_be_a_function() -> None:
    tokens = CostFunction("max_latency_ms", "ms", lambda architectures: [float(sum(a.tokens)) for a in architectures])
    feasible = FeasibleSpace(SPACE.grammar, None, Limits(max_latency_ms=12.0), tokens)
    assert tokens.values(feasible.sample(50, generator(4))).max() <= 12.0
    assert tokens.values([]).shape == (0,)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "many", True])
def test_what_is_no_limit_of_latency(value: object) -> None:
    with pytest.raises(SettingError, match="max_latency_ms is a number of milliseconds above 0"):
        Limits(max_latency_ms=value)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="latency_batch is a whole number"):
        Limits(latency_batch=0)


def test_the_real_clock_measures_a_real_module() -> None:
    convolution, inputs = nn.Conv2d(8, 8, 3), [torch.zeros(1, 8, 32, 32)]
    timing = measure_ms(convolution.eval(), inputs)
    assert timing.median_ms > 0 and timing.spread_ms >= 0 and timing.repeats >= 10 and 0 <= timing.busy <= 1
    [piece] = latency.measure_modules([latency.Measured(nn.Identity(), [(3, 4, 4)])], Setting(device=CPU))
    assert piece.median_ms < timing.median_ms


class Volume(nn.Module):
    """Volumes, with a table of five dimensions that is no weight."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.register_buffer("shift", torch.zeros(1, 1, 2, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.shift


@pytest.mark.parametrize("conv", [nn.Conv3d(3, 4, 1), nn.Identity()])
def test_networks_of_volumes_are_measured(conv: nn.Module) -> None:
    [found] = measure_modules([Measured(Volume(conv), [(3, 2, 2, 2)])], Setting(device=CPU, meter=counted))
    assert found.repeats == 1
