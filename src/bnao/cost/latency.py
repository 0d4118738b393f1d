"""Measuring a table of latencies: each piece of a skeleton, then a few whole networks that its sums are fitted to.

Shapes: K pieces, N networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.cost.latency_fit import fit_wholes, informative, num_networks
from bnao.cost.latency_table import CalibrationNetwork, LatencyTable, TableLatency
from bnao.cost.timing import Meter, Timing, clock_name, measure_ms
from bnao.errors import SettingError
from bnao.rng import torch_stream
from bnao.spaces.base import Piece, Skeleton
from bnao.spaces.own.inputs import mapped
from bnao.spaces.placing import network_inputs, place

if TYPE_CHECKING:
    from bnao.call import Inputs

NETWORKS = 8
"""Whole networks that the sums are fitted to, from the fastest to the slowest of the candidates in even steps."""
PASSES, MOST_PASSES = 3, 6
"""Everything is measured in so many passes, one after the other, and the pass of the lowest median counts: another
process can slow a pass down, and nothing can speed one up. Up to :data:`MOST_PASSES` where the two lowest medians
differ by more than :data:`AGREED`."""
AGREED = 0.03
"""Relative difference."""
HOW = "median of repeated calls after a warm-up, in the quietest pass; eval mode, no gradients, memory as in training"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How modules are measured: on which device, with how many images a call, by what clock."""

    device: torch.device
    batch: int = 1
    meter: Meter = measure_ms


@dataclass(frozen=True)
class Measured:
    """A module to be measured: on random inputs, whose shapes for one image are (C, H, W), or on ``inputs``."""

    module: nn.Module
    input_shapes: Sequence[tuple[int, ...]] = ()
    inputs: Inputs | None = None


def measure_table(
    skeleton: Skeleton,
    candidates: Sequence[Architecture],
    *,
    device: torch.device,
    batch: int = 1,
    meter: Meter = measure_ms,
    on_done: Callable[[int], None] | None = None,
) -> LatencyTable:
    """Measure all pieces of ``skeleton`` (without its auxiliary head) on ``device``, and fit the sums to networks.

    ``candidates`` (one or more) are architectures of the skeleton; :data:`NETWORKS` of them are built and measured
    whole. Where pieces cannot be measured one by one, more whole networks are measured, and no pieces
    (:mod:`bnao.cost.latency_fit`). ``on_done`` hears how many of :func:`num_measurements` are finished. Torch's threads
    are those of the caller; its random state is left as it was.
    """
    setting = Setting(device=device, batch=batch, meter=meter)
    if skeleton.catalogue.timed_macs() is not None:
        return _measure_wholes(skeleton, candidates, setting, on_done)
    with torch_stream(0, "latency", "pieces"):
        modules = [Measured(p.build(), p.input_shapes) for p in _measurable(skeleton) if not p.auxiliary]
    timings = iter(measure_modules(modules, setting, on_done))
    zero = Timing(median_ms=0.0, spread_ms=0.0, repeats=0)
    pieces = [zero if piece.auxiliary else next(timings) for piece in skeleton.pieces]
    raw = LatencyTable(
        piece_ns=[round(1e6 * t.median_ms) for t in pieces],
        spread_ns=[round(1e6 * t.spread_ms) for t in pieces],
        offset_ms=0.0,
        factor=1.0,
        error=None,
        device=describe_device(device),
        threads=torch.get_num_threads(),
        batch=batch,
        how=f"{HOW}; {clock_name(device)}",
    )
    chosen, sums_N = _evenly(TableLatency(raw, skeleton), candidates)
    before = PASSES * len(modules)
    wholes = measure_networks(skeleton, chosen, setting, on_done and (lambda done: on_done(before + done)))
    networks = [
        CalibrationNetwork(
            architecture=str(architecture), sum_ms=float(sum_ms), whole_ms=whole.median_ms, spread_ms=whole.spread_ms
        )
        for architecture, sum_ms, whole in zip(chosen, sums_N, wholes, strict=True)
    ]
    offset, factor, error = fit(sums_N, np.array([network.whole_ms for network in networks]))
    busy = float(np.median([whole.busy for whole in wholes]))
    return replace(raw, offset_ms=offset, factor=factor, error=error, busy=busy, networks=networks)


def _measure_wholes(
    skeleton: Skeleton, candidates: Sequence[Architecture], setting: Setting, on_done: Callable[[int], None] | None
) -> LatencyTable:
    catalogue, distinct = skeleton.catalogue, list({a.id: a for a in candidates}.values())
    macs_T = catalogue.timed_macs()
    assert macs_T is not None, "asked before"
    chosen, drawn = informative(catalogue.timed_parts(distinct), num_networks(len(macs_T)))
    networks = [distinct[k] for k in [*chosen, *drawn]]
    timings = measure_networks(skeleton, networks, setting, on_done)
    parts_NT, wholes_N = catalogue.timed_parts(networks), np.array([timing.median_ms for timing in timings])
    found = fit_wholes(parts_NT, macs_T, wholes_N, np.arange(len(networks)) >= len(chosen))
    piece_ns = [round(1e6 * ms) for ms in found.part_ms.tolist()]
    return LatencyTable(
        piece_ns=piece_ns,
        spread_ns=[],
        offset_ms=found.offset_ms,
        factor=1.0,
        error=found.error,
        busy=float(np.median([timing.busy for timing in timings])),
        networks=[
            CalibrationNetwork(
                architecture=str(a), sum_ms=float(ns) / 1e6, whole_ms=timing.median_ms, spread_ms=timing.spread_ms
            )
            for a, ns, timing in zip(networks, parts_NT @ np.array(piece_ns, dtype=np.int64), timings, strict=True)
        ],
        device=describe_device(setting.device),
        threads=torch.get_num_threads(),
        batch=setting.batch,
        how=f"whole networks, fitted by their parts; {HOW}; {clock_name(setting.device)}",
    )


def num_measurements(skeleton: Skeleton, candidates: Sequence[Architecture]) -> int:
    """How many measurements :func:`measure_table` makes."""
    timed_T = skeleton.catalogue.timed_macs()
    if timed_T is not None:
        return PASSES * min(num_networks(len(timed_T)), len({a.id for a in candidates}))
    pieces = sum(not piece.auxiliary for piece in _measurable(skeleton))
    return PASSES * (pieces + min(NETWORKS, len({a.id for a in candidates})))


def _measurable(skeleton: Skeleton) -> list[Piece]:
    pieces = [piece for piece in skeleton.pieces if isinstance(piece, Piece)]
    if len(pieces) < len(skeleton.pieces):
        raise SettingError(
            "max_latency_ms is kept by a table of latencies of the space's pieces; received a space whose pieces are "
            "no modules that could be measured one by one, and that names no timed parts (Catalogue.timed_macs): give "
            "latency= as a function, from Python, or limit the parameters and multiply-adds"
        )
    return pieces


def whole_network(skeleton: Skeleton, module: nn.Module, setting: Setting) -> Measured:
    """A stand-alone network of ``skeleton`` with what it is called with."""
    return Measured(module, (skeleton.image_shape,), skeleton.measured_inputs(setting.batch))


def measure_networks(
    skeleton: Skeleton,
    architectures: Sequence[Architecture],
    setting: Setting,
    on_done: Callable[[int], None] | None = None,
) -> list[Timing]:
    """The whole stand-alone networks of ``architectures``, with weights as they are drawn."""
    with torch_stream(0, "latency", "networks"):
        modules = [whole_network(skeleton, skeleton.build_standalone(a).module, setting) for a in architectures]
    return measure_modules(modules, setting, on_done)


def measure_modules(
    modules: Sequence[Measured], setting: Setting, on_done: Callable[[int], None] | None = None
) -> list[Timing]:
    """Each module as a delivered network runs: in eval mode, in the memory format of its training; see :data:`PASSES`.

    ``on_done`` hears how many of ``PASSES * len(modules)`` measurements are finished; more passes are not counted.
    """
    placed = [place(measured.module, setting.device).eval() for measured in modules]
    found: list[list[Timing]] = [[] for _ in modules]
    for number in range(MOST_PASSES):
        for k, (module, measured) in enumerate(zip(placed, modules, strict=True)):
            if number >= PASSES and _agree(found[k]):
                continue
            inputs = _inputs(measured, setting)
            found[k].append(setting.meter(module, inputs))
            if on_done is not None:
                on_done(min(number * len(modules) + k + 1, PASSES * len(modules)))
    return [min(timings, key=lambda t: t.median_ms) for timings in found]


def _agree(timings: Sequence[Timing]) -> bool:
    lowest, second = sorted(timing.median_ms for timing in timings)[:2]
    return second <= (1 + AGREED) * lowest


def _inputs(measured: Measured, setting: Setting) -> Inputs:
    inputs = measured.inputs
    if inputs is None:
        inputs = [_random((setting.batch, *shape)) for shape in measured.input_shapes]
    inputs = mapped(inputs, lambda tensor: tensor.to(setting.device))
    return network_inputs(inputs, measured.module)  # type: ignore[no-any-return]


def _random(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _evenly(
    latency: TableLatency, candidates: Sequence[Architecture]
) -> tuple[list[Architecture], NDArray[np.float64]]:
    """:data:`NETWORKS` distinct candidates, or all of fewer, at even steps of their order by the sum; and the sums."""
    distinct = list({a.id: a for a in candidates}.values())
    sums_P = latency.sums_ms(distinct)
    order = np.argsort(sums_P, kind="stable")
    picks = order[np.linspace(0, len(order) - 1, min(NETWORKS, len(order))).round().astype(np.int64)]
    return [distinct[k] for k in picks], sums_P[picks]


def fit(sums_N: NDArray[np.float64], wholes_N: NDArray[np.float64]) -> tuple[float, float, float | None]:
    """``offset`` and ``factor``, neither negative, of whole = offset + factor * sum with least relative squares.

    The third value is the relative error: root mean square with N - 2 degrees of freedom; None below 3 networks.

    >>> [round(x, 6) for x in fit(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 3.5]))]
    [0.5, 1.0, 0.0]
    """
    from scipy.optimize import nnls

    rows_N2 = np.stack([1 / wholes_N, sums_N / wholes_N], axis=1)
    (offset, factor), _ = nnls(rows_N2, np.ones(len(wholes_N)))
    residuals_N = rows_N2 @ np.array([offset, factor]) - 1
    error = float(np.sqrt((residuals_N**2).sum() / (len(wholes_N) - 2))) if len(wholes_N) > 2 else None
    return float(offset), float(factor), error


def describe_device(device: torch.device) -> str:
    """The device with the name of its model, where that is known."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{device.type} ({model})" if model else device.type
