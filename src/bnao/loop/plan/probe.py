"""What all measurements of a plan share: the clock, the time allowed, streams of their own, times of the steps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from bnao.errors import NumericalError
from bnao.rng import torch_seed
from bnao.training.config import TrainingConfig

STREAM = "plan"
"""Name of all random streams of a plan: none of the search's own is read."""
FEWEST = 2  # timings of each kind, however long they take

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How to measure: ``seconds`` for each kind of work (more where two timings take longer), ``clock`` in seconds."""

    seed: int
    seconds: float = 6.0
    clock: Clock = field(default=time.perf_counter)

    @property
    def stream(self) -> int:
        """A seed of the plan's own, for parts that name their streams themselves."""
        return torch_seed(self.seed, STREAM) % 2**31


class Enough(Exception):
    """Ends a measurement from within."""


class Ticks:
    """Seconds between calls of :meth:`tick`; raises :class:`Enough` after ``most``, or when the time is up."""

    def __init__(self, probe: Probe, *, warm_up: int, most: int, fewest: int = FEWEST) -> None:
        self._clock, self._allowed = probe.clock, probe.seconds
        self._warm_up, self._most, self._fewest = warm_up, most, fewest
        self._start = self._last = self._clock()
        self.all: list[float] = []

    @property
    def times(self) -> list[float]:
        """Those after the warm-up."""
        return self.all[self._warm_up :]

    def tick(self) -> None:
        """One more unit is done."""
        now = self._clock()
        self.all.append(now - self._last)
        self._last, done = now, len(self.all) - self._warm_up
        if done >= self._most or (done >= self._fewest and now - self._start >= self._allowed):
            raise Enough


@contextmanager
def until_enough(ticks: Ticks) -> Iterator[None]:
    """A measurement that :class:`Enough` ends. A training that diverges ends it too, if it was timed at all."""
    with suppress(Enough):
        try:
            yield
        except NumericalError:
            if not ticks.times:
                raise


def steps(training: TrainingConfig, num: int, per_epoch: int) -> TrainingConfig:
    """The training with ``num`` steps: all else is as it will be."""
    return replace(training, epochs=num / per_epoch)


@contextmanager
def undisturbed() -> Iterator[None]:
    """The global generators, from which a user's data may draw, are afterwards as they were."""
    python, array = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(array)
