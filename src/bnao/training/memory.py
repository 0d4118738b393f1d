"""Memory that a step frees stays with the process for the next one; else glibc gives it back, and asks for it anew.

Each page that comes anew costs a fault, which is dear in virtual machines (docs/log.md). Of torch's GPU memory the same
is true already. It ends with the work that it is for. Nothing is done where the C library is another, or where the
environment sets what this would set.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's names for them, from malloc.h
_NEVER = -1
_LARGEST = (1 << 30, 32 << 20)
"""Bytes of a tensor above which it is mapped and given back as before; older versions of glibc take the second only."""
_AFTERWARDS = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 64 << 20}
"""Where glibc's own thresholds end up in a process that frees large tensors: once set, they no longer move."""
_VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_")
_lock = threading.Lock()
_num_contexts = 0


def is_left_to_us(environment: Mapping[str, str]) -> bool:
    """Whether nothing in ``environment`` tells glibc when to give memory back.

    >>> is_left_to_us({}), is_left_to_us({"MALLOC_TRIM_THRESHOLD_": "131072"})
    (True, False)
    """
    return not any(name in environment for name in _VARIABLES) and "malloc" not in environment.get("GLIBC_TUNABLES", "")


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Within the context this process gives no freed memory back, but by :func:`give_back_freed_memory`.

    At the end it gives back what is not in use, and goes on as processes do. Contexts may be nested, in several threads
    too: the last that is left counts.
    """
    global _num_contexts
    with _lock:
        _num_contexts += 1
        if _num_contexts == 1:
            _keep()
    try:
        yield
    finally:
        with _lock:
            _num_contexts -= 1
            if _num_contexts == 0:
                _go_on()


def give_back_freed_memory() -> None:
    """Return to the system what is not in use."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(ctypes.c_size_t(0))


def _keep() -> None:
    libc = _glibc()
    if libc is not None and any(libc.mallopt(_MMAP_THRESHOLD, size) for size in _LARGEST):
        libc.mallopt(_TRIM_THRESHOLD, _NEVER)  # not alone: with the first as it begins each tensor would be mapped anew


def _go_on() -> None:
    libc = _glibc()
    if libc is not None:
        for name, size in _AFTERWARDS.items():
            libc.mallopt(name, size)
        give_back_freed_memory()


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library if it is glibc and left to us; it has read the environment when the process began."""
    if not sys.platform.startswith("linux") or not is_left_to_us(os.environ):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") and hasattr(libc, "malloc_trim") else None
