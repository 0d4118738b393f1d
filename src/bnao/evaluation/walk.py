"""Running many chains of stages on one batch, each common beginning once, within a bound of memory.

The chains are a trie, walked depth first: a chain goes on where the one before parted from it, from the value that was
kept there. Only values at which later chains part are kept, no longer than until the last of them has, and only while
the bound allows; what was not kept is computed again, so the bound changes the time and nothing else.

Shapes: P chains.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Chain = tuple[int, ...]
"""Stages as numbers: equal numbers at the end of equal beginnings are one computation."""


def common(a: Chain, b: Chain) -> int:
    """How many stages two chains begin with alike.

    >>> common((1, 2, 3), (1, 2, 4, 5))
    2
    """
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def partings(chains: Sequence[Chain]) -> list[tuple[int, ...]]:
    """For each of P sorted chains the depths, descending, at which a later chain goes on from it.

    >>> partings([(1, 2, 3), (1, 2, 4), (1, 5, 6), (7,)])
    [(2, 1), (1,), (), ()]
    """
    found: list[tuple[int, ...]] = [()] * len(chains)
    for k in range(len(chains) - 2, -1, -1):
        depth = common(chains[k], chains[k + 1])
        found[k] = tuple(d for d in ((depth,) if depth else ()) + found[k + 1] if d <= depth)
        found[k] = tuple(dict.fromkeys(found[k]))
    return found


@dataclass
class _Kept:
    """The value after ``depth`` stages, and the versions of its tensors: one that was written to is of no use."""

    depth: int
    value: Any
    tensors: list[Tensor]
    versions: list[int]

    @property
    def intact(self) -> bool:
        return [tensor._version for tensor in self.tensors] == self.versions


class Walk:
    """Runs P sorted chains on one batch after another. ``most_bytes`` bounds what is kept between two chains.

    ``kept_bytes`` is what is kept now, ``peak_bytes`` the most that ever was: whole storages, each counted once.
    ``num_runs`` counts the stages that were run.
    """

    def __init__(self, chains: Sequence[Chain], most_bytes: int) -> None:
        assert list(chains) == sorted(chains), "chains are sorted, so that equal beginnings stand together"
        self._chains, self._most = chains, most_bytes
        self._partings = partings(chains)
        self._writers: set[int] = set()  # stages that were seen to write to their input
        self.kept_bytes = self.peak_bytes = self.num_runs = 0

    def run(self, inputs: Any, step: Callable[[int, int, Any, bool], Any]) -> Iterator[tuple[int, Any]]:
        """Yields (k, value at the end of chain k), k = 0 .. P-1, for one batch of ``inputs``.

        ``step(k, depth, value, again)`` runs stage ``depth`` (from 0) of chain k; ``again`` says that the same
        beginning was run on this batch before.
        """
        kept: list[_Kept] = []
        before: Chain = ()
        try:
            for k, (chain, parts) in enumerate(zip(self._chains, self._partings, strict=True)):
                known = common(before, chain)
                kept = [entry for entry in kept if entry.depth <= known and entry.intact]
                depth, value = (kept[-1].depth, kept[-1].value) if kept else (0, inputs)
                kept = [entry for entry in kept if entry.depth in parts]
                self.kept_bytes = _kept_bytes(kept)
                while depth < len(chain):
                    if kept and kept[-1].depth == depth and chain[depth] in self._writers:
                        value = _copied(value)
                    value = step(k, depth, value, depth < known)
                    self.num_runs += 1
                    if kept and kept[-1].depth == depth and not kept[-1].intact:
                        self._writers.add(chain[depth])
                        kept.pop()
                    depth += 1
                    if depth in parts:
                        self._keep(kept, depth, value)
                before = chain
                yield k, value
                value = None
        finally:
            self.kept_bytes = 0

    def _keep(self, kept: list[_Kept], depth: int, value: Any) -> None:
        tensors = _tensors(value)
        if tensors is None:
            return
        kept.append(_Kept(depth, value, tensors, [tensor._version for tensor in tensors]))
        size = _kept_bytes(kept)
        if size > self._most:
            kept.pop()
        else:
            self.kept_bytes, self.peak_bytes = size, max(self.peak_bytes, size)


def _tensors(value: Any) -> list[Tensor] | None:
    """The tensors of a value made of tensors, None, tuples and lists; None where it holds something else."""
    if isinstance(value, Tensor):
        return [value]
    if value is None:
        return []
    if type(value) not in (tuple, list):
        return None
    parts = [_tensors(part) for part in value]
    return None if any(part is None for part in parts) else list(itertools.chain.from_iterable(p for p in parts if p))


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if type(value) in (tuple, list):
        return type(value)(_copied(part) for part in value)
    return value


def num_bytes(value: Any) -> int:
    """Bytes of the storages that a value keeps alive, each counted once; 0 for one that is never kept."""
    return _bytes_of(_tensors(value) or [])


def _bytes_of(tensors: Iterable[Tensor]) -> int:
    storages = (tensor.untyped_storage() for tensor in tensors)
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def _kept_bytes(kept: Sequence[_Kept]) -> int:
    return _bytes_of(tensor for entry in kept for tensor in entry.tensors)
