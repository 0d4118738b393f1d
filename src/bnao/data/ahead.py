"""Batches of pictures, decoded by worker processes before they are asked for.

What a batch holds is a function of the request alone, so it is the same with any number of workers and with none.

Plain processes take the place of torch's DataLoader: its answer to a worker that dies is an exception at whatever line
the training happens to be, also within a save; here the one call that waits for that worker's batch raises.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.data.crops import cut
from bnao.errors import RunError

MOST_WORKERS = 8
PREFETCH = 2  # batches that each worker is ahead
NO_DRAW = -1
_LOOK_SECONDS = 1.0  # between two looks of a worker whether its parent lives
_GRACE_SECONDS = 10.0  # from a worker's SIGTERM to its end


@dataclass(frozen=True)
class Request:
    """Pictures by their numbers; ``draw`` names the random parts that are cut out (:data:`NO_DRAW`: the centres)."""

    files: NDArray[np.int64]
    draw: int

    def same(self, other: Request) -> bool:
        """Whether both ask for the same pixels."""
        return self.draw == other.draw and np.array_equal(self.files, other.files)


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """Files below ``root`` and the ``side`` in pixels that they are brought to."""

    root: Path
    names: tuple[str, ...]
    side: int

    def pixels(self, request: Request) -> NDArray[np.uint8]:
        """(B, 3, side, side). Raises DataError for a damaged picture."""
        out = np.empty((len(request.files), 3, self.side, self.side), dtype=np.uint8)
        for place, number in enumerate(request.files.tolist()):
            rng = None if request.draw == NO_DRAW else np.random.default_rng((request.draw, place))
            out[place] = cut(self.root / self.names[number], self.side, rng)
        return out


class Ahead:
    """Worker processes that decode the ``planned`` requests in order; they start with the first :meth:`take`."""

    def __init__(self, decoder: Decoder, planned: Iterable[Request], workers: int) -> None:
        self._decoder, self._planned, self._workers = decoder, iter(planned), workers
        self._waiting: deque[tuple[Request, Future[NDArray[np.uint8]]]] = deque()
        self._pool: ProcessPoolExecutor | None = None

    def take(self, request: Request) -> Tensor:
        """The pixels of ``request``, the next of the planned ones, uint8 (B, 3, side, side).

        One that was not planned is decoded here, and so are all after it, with a warning: it costs time, not truth.
        Raises DataError for a damaged picture, RunError where a worker died.
        """
        if self._workers == 0:
            return torch.from_numpy(self._decoder.pixels(request))
        try:
            self._submit()
            wanted, future = self._waiting.popleft() if self._waiting else (None, None)
            if wanted is None or future is None or not wanted.same(request):
                warnings.warn("batches are not those that were planned: they are decoded one by one now", stacklevel=3)
                self._workers = 0
                self._end()
                return torch.from_numpy(self._decoder.pixels(request))
            self._submit()
            pixels = future.result()
        except BrokenProcessPool as error:
            raise RunError(
                f"the processes that decode pictures live as long as the training; one of {self._workers} died: it was "
                "killed, or memory ran out (then begin anew with a lower data.workers, or 0)"
            ) from error
        if not self._waiting:
            self._end()
        return torch.from_numpy(pixels)

    def processes(self) -> list[int]:
        """Numbers of the worker processes that were started."""
        return [] if self._pool is None else list(self._pool._processes)

    def _submit(self) -> None:
        if self._pool is None:
            fork = sys.platform == "linux" and "fork" in multiprocessing.get_all_start_methods()
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("fork" if fork else None),
                initializer=_begin,
                initargs=(self._decoder, os.getpid()),
            )
        with _quiet():
            for request in islice(self._planned, self._workers * PREFETCH - len(self._waiting)):
                self._waiting.append((request, self._pool.submit(_pixels, request)))

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._waiting.clear()


_DECODERS: list[Decoder] = []
"""Of a worker process: the one that it was started with."""


def _begin(decoder: Decoder, parent: int) -> None:
    """Ctrl-C reaches every process of a terminal, SIGTERM all of a service: the training decides, and needs what it has
    planned to the end of its step. A worker ends with its parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: threading.Timer(_GRACE_SECONDS, os._exit, (1,)).start())
    _DECODERS[:] = [decoder]

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _pixels(request: Request) -> NDArray[np.uint8]:
    return _DECODERS[0].pixels(request)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Python's advice on forks beside threads: the workers use none of the parent's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
        yield


def num_workers(asked: int | None) -> int:
    """``asked``, or one for each core that this process may use, at most :data:`MOST_WORKERS`.

    >>> num_workers(3)
    3
    """
    if asked is not None:
        return asked
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)
