"""Batches of pictures, decoded by worker processes before they are asked for.

What a batch holds is a function of the request alone, so it is the same with any number of workers and with none.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bnao.data.crops import cut
from bnao.errors import DataError, RunError

MOST_WORKERS = 8
PREFETCH = 2  # batches that each worker is ahead
NO_DRAW = -1


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

    def pixels(self, request: Request) -> Tensor:
        """uint8 (B, 3, side, side). Raises DataError for a damaged picture."""
        out = np.empty((len(request.files), 3, self.side, self.side), dtype=np.uint8)
        for place, number in enumerate(request.files.tolist()):
            rng = None if request.draw == NO_DRAW else np.random.default_rng((request.draw, place))
            out[place] = cut(self.root / self.names[number], self.side, rng)
        return torch.from_numpy(out)


class Ahead:
    """Worker processes that decode the ``planned`` requests in order; they start with the first :meth:`take`."""

    def __init__(self, decoder: Decoder, planned: Iterable[Request], workers: int) -> None:
        self._decoder, self._planned, self._workers = decoder, iter(planned), workers
        self._asked: deque[Request] = deque()
        self._batches: Iterator[Any] | None = None

    def take(self, request: Request) -> Tensor:
        """The pixels of ``request``, the next of the planned ones.

        One that was not planned is decoded here, and so are all after it, with a warning: it costs time, not truth.
        Raises DataError for a damaged picture, RunError where a worker died.
        """
        if self._workers == 0:
            return self._decoder.pixels(request)
        if self._batches is None:
            with _quiet():
                self._batches = iter(self._loader())
        try:
            found = next(self._batches, None)
        except RuntimeError as error:
            raise RunError(
                f"the processes that decode pictures live as long as the training; one of {self._workers} died "
                f"({str(error).splitlines()[0]}): set data.workers lower if memory ran out, or to 0"
            ) from error
        if isinstance(found, str):
            raise DataError(found)
        if found is None or not self._asked.popleft().same(request):
            warnings.warn("batches are not those that were planned: pictures are decoded one by one now", stacklevel=3)
            self._batches, self._workers = None, 0
            return self._decoder.pixels(request)
        assert isinstance(found, Tensor)
        return found

    def _requests(self) -> Iterator[Request]:
        for request in self._planned:
            self._asked.append(request)
            yield request

    def _loader(self) -> DataLoader[Any]:
        fork = sys.platform == "linux" and "fork" in multiprocessing.get_all_start_methods()
        return DataLoader(
            _Served(self._decoder),
            sampler=self._requests(),
            batch_size=None,
            num_workers=self._workers,
            prefetch_factor=PREFETCH,
            collate_fn=_as_it_is,
            worker_init_fn=_begin,
            multiprocessing_context="fork" if fork else None,
            generator=torch.Generator(),  # or else torch's global one would be drawn from
        )


class _Served(Dataset[Any]):
    """What a worker makes of a request: the pixels, or the words of an error."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def __getitem__(self, request: Request) -> Tensor | str:
        try:
            return self._decoder.pixels(request)
        except DataError as error:
            return str(error)


def _as_it_is(value: Any) -> Any:
    return value


def _begin(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal, and the training decides; so it does for other signals."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's advice on the number of workers and Python's on forks beside threads: workers use no threads."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This DataLoader will create")
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
