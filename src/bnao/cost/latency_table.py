"""Latencies of thousands of architectures in one call, from pieces measured once: a stored table, as a cost.

Shapes: P architectures, F units, K pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.errors import RunError

if TYPE_CHECKING:
    from bnao.spaces.base import Skeleton


@dataclass(frozen=True, kw_only=True)
class CalibrationNetwork:
    """A whole network that was measured: the sum of its pieces, its own median, and half the quartiles' distance."""

    architecture: str
    sum_ms: float
    whole_ms: float
    spread_ms: float


@dataclass(frozen=True, kw_only=True)
class LatencyTable:
    """What was measured of a skeleton's pieces, and what predicts a whole network's latency from them. Plain data.

    ``latency(a) = offset_ms + factor * sum_ms(a)``, where ``sum_ms`` adds up the K pieces that a consists of, each as
    often as it occurs. A sum of pieces that were measured alone is not the time of a whole: it misses what runs between
    them (additions, concatenations, calls) and the caches that they share. ``offset_ms`` and ``factor``, neither
    negative, are therefore fitted (least relative squares) to a few whole networks of this skeleton; ``error`` is the
    root mean square of (prediction / whole - 1) over these, with two degrees of freedom taken off: what to expect of a
    network of this space, on this device, on a machine as busy as it was then. None where it cannot be told.

    Where pieces cannot be measured one by one, ``piece_ns`` are of the space's timed parts, fitted to whole networks
    (:mod:`bnao.cost.latency_fit`); ``factor`` is 1 then, and ``error`` that of networks that were not fitted.
    """

    piece_ns: list[int]  # (K,) median nanoseconds of each piece; whole numbers, so that sums are exact
    spread_ns: list[int]  # (K,) half the distance of the quartiles; empty where whole networks were measured alone
    offset_ms: float
    factor: float
    error: float | None  # relative
    busy: float = 0.0  # share of the time that other processes had the CPU while whole networks ran
    networks: list[CalibrationNetwork] = field(default_factory=list)
    device: str  # which, in words
    threads: int
    batch: int  # images of one call
    how: str  # in words

    @property
    def where(self) -> str:
        """Device, threads and batch in words."""
        threads = "" if self.device.startswith("cuda") else f", {self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.device}{threads}, {self.batch} image{'s' * (self.batch > 1)} a call"


class TableLatency:
    """``table`` as the cost ``max_latency_ms`` of the architectures of ``skeleton``, which it was measured of.

    Raises RunError where the skeleton has other pieces.
    """

    name, unit = "max_latency_ms", "ms"

    def __init__(self, table: LatencyTable, skeleton: Skeleton) -> None:
        timed_T = skeleton.catalogue.timed_macs()
        num = len(skeleton.pieces) if timed_T is None else len(timed_T)
        if len(table.piece_ns) != num:
            raise RunError(
                f"a table of latencies is of the network that it was measured of, with {num} pieces; "
                f"received one of {len(table.piece_ns)}: go on with the bnao that measured it, or search anew"
            )
        self.table = table
        ns = np.array(table.piece_ns, dtype=np.int64)
        self._parts = skeleton.units if timed_T is None else skeleton.catalogue.timed_parts
        self._ns_F = skeleton.unit_pieces @ ns if timed_T is None else ns

    def sums_ms(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) the pieces added up."""
        return np.asarray((self._parts(architectures) @ self._ns_F) / 1e6, dtype=np.float64)

    def values(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) milliseconds of the whole networks, predicted."""
        return self.table.offset_ms + self.table.factor * self.sums_ms(architectures)
