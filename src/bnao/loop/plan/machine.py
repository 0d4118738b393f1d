"""What the machine says of itself: memory of this process, and how much of the CPU other programs take."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Self

import torch

from bnao.training.memory import give_back_freed_memory

INTERVAL = 0.003  # seconds between two looks at the memory
_STATM, _STAT = Path("/proc/self/statm"), Path("/proc/stat")


def resident_bytes(device: torch.device) -> int:
    """Memory that this process has now: allocated on the GPU, or resident; 0 where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if _STATM.exists() else 0


def memory_words(device: torch.device) -> str:
    """How memory is measured here."""
    if device.type == "cuda":
        return "allocated by torch on the GPU (torch.cuda.max_memory_allocated)"
    return "resident memory of the process (/proc/self/statm), seen every 3 ms" if _STATM.exists() else "not measured"


class PeakMemory:
    """How far the memory grows within the context: ``growth`` in bytes, 0 where the system does not tell."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before = self._peak = 0

    @property
    def growth(self) -> int:
        """Bytes at the peak above those at the start."""
        return max(0, self._peak - self._before)

    def __enter__(self) -> Self:
        give_back_freed_memory()  # which an earlier training kept: it would be used again, and not be seen
        self._before = self._peak = resident_bytes(self._device)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        elif self._before:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._ended.is_set():
            return  # ended before the context was left
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        seen = torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else 0
        self._peak = max(self._peak, resident_bytes(self._device), seen)

    def end(self) -> None:
        """Look no more: the growth up to here counts."""
        self.__exit__()

    def _look(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._peak = max(self._peak, resident_bytes(self._device))


class OtherPrograms:
    """How much of the CPU other programs took since this was made, beyond what this process leaves idle.

    Read from ``/proc/stat``; 0 where there is none. With 2 cores, 1 thread of ours and one busy program beside it: 0.
    """

    def __init__(self, threads: int) -> None:
        self._needed = threads
        self._wall, self._own, self._all = time.monotonic(), time.process_time(), _busy_seconds()

    def share(self) -> float:
        """In [0, 0.5]: share of the cores that others had and that ``threads`` threads would have used."""
        wall, cores = time.monotonic() - self._wall, os.cpu_count() or 1
        if self._all is None or wall <= 0:
            return 0.0
        others = max(0.0, (_busy_seconds() or 0.0) - self._all - (time.process_time() - self._own)) / (wall * cores)
        idle = max(0.0, 1.0 - self._needed / cores)
        return min(0.5, max(0.0, min(others, 1.0) - idle))


def _busy_seconds() -> float | None:
    """Seconds of all cores that were not idle, since the machine was started."""
    if not _STAT.exists():
        return None
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, _STAT.read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
