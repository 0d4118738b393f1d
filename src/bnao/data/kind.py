"""One kind of data source: how to recognise it and how to open it. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bnao.data.base import DataSource
from bnao.data.config import DataConfig

NOT_ALL_READ = ("download", "workers")
"""Fields of :class:`DataConfig` that some kinds read, others not."""


@dataclass(frozen=True, kw_only=True)
class SourceKind:
    """``summary`` is one line for ``bnao list data``.

    ``detect(path)`` says, from content and cheaply, whether an existing path is of this kind; it raises nothing.
    ``open(path, config)`` gives the source or raises DataError; ``path`` is None when the source text is the kind's
    bare name. ``reads``: which of :data:`NOT_ALL_READ` it reads, so that a user is told what has no effect; None says
    that nothing is known.
    """

    summary: str
    detect: Callable[[Path], bool]
    open: Callable[[Path | None, DataConfig], DataSource]
    reads: tuple[str, ...] | None = None


def needed(path: Path | None, kind: str) -> Path:
    """``path``, or a DataError saying that this kind needs one."""
    from bnao.errors import DataError

    if path is None:
        raise DataError(f"data of kind {kind!r} need a path; received none: write {kind}:PATH")
    return path
