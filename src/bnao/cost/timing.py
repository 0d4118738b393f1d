"""How long a module takes: the median of repeated calls, and how far they spread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import nn

from bnao.call import call_network, tensors_of

if TYPE_CHECKING:
    from bnao.call import Inputs

WARM_UP = 3
"""Calls before the first that counts: memory is allocated, kernels are chosen."""
FEWEST, MOST = 10, 200
"""Calls that count: at least, and at most."""
ENOUGH_SECONDS = 0.05
"""No more calls once the counted ones have taken so long, unless they are fewer than :data:`FEWEST`."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of one call: the median of ``repeats`` calls, and half the distance between their quartiles.

    ``busy`` is the share of the time during which the calling thread did not run, though it had work: the machine was
    busy with something else. 0 on a GPU.
    """

    median_ms: float
    spread_ms: float
    repeats: int
    busy: float = 0.0


Meter: TypeAlias = Callable[[nn.Module, "Inputs"], Timing]
"""What measures a module on inputs: :func:`measure_ms`, or another clock in a test."""


def measure_ms(module: nn.Module, inputs: Inputs) -> Timing:
    """Time ``module`` called with ``inputs`` as it is (call it in eval mode), on their device, without gradients.

    On a GPU by its own events, each call waited for. On a CPU with as many threads as torch uses now; with one thread
    the time is the CPU time of that thread, which is the call's own on an idle machine and does not count what other
    processes take on a busy one; with several it is the time on the wall.

    >>> measure_ms(nn.Identity(), [torch.zeros(1)]).repeats
    200
    """
    device = tensors_of(inputs)[0].device
    once = _once_on_gpu if device.type == "cuda" else _once
    with torch.no_grad():
        for _ in range(WARM_UP):
            once(module, inputs)
        wall: list[float] = []
        own: list[float] = []
        begin = time.perf_counter()
        while len(wall) < FEWEST or (len(wall) < MOST and time.perf_counter() - begin < ENOUGH_SECONDS):
            passed, ran = once(module, inputs)
            wall.append(passed)
            own.append(ran)
    low, median, high = np.quantile(own if clock_name(device) == CPU_TIME else wall, [0.25, 0.5, 0.75])
    return Timing(
        median_ms=float(median),
        spread_ms=float(high - low) / 2,
        repeats=len(wall),
        busy=max(0.0, 1.0 - sum(own) / sum(wall)),
    )


CPU_TIME, WALL_TIME, GPU_TIME = "CPU time of its one thread", "time on the wall", "time between the GPU's events"


def clock_name(device: torch.device) -> str:
    """Which time counts on ``device``, with the threads that torch uses now."""
    if device.type == "cuda":
        return GPU_TIME
    fine = time.get_clock_info("thread_time").resolution < 1e-6
    return CPU_TIME if torch.get_num_threads() == 1 and fine else WALL_TIME


def _once(module: nn.Module, inputs: Inputs) -> tuple[float, float]:
    begin, ran = time.perf_counter_ns(), time.thread_time_ns()
    call_network(module, inputs)
    own, wall = time.thread_time_ns() - ran, time.perf_counter_ns() - begin
    return wall / 1e6, own / 1e6


def _once_on_gpu(module: nn.Module, inputs: Inputs) -> tuple[float, float]:
    begin = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    torch.cuda.synchronize(tensors_of(inputs)[0].device)
    begin.record()
    call_network(module, inputs)
    end.record()
    end.synchronize()
    passed = float(begin.elapsed_time(end))
    return passed, passed
