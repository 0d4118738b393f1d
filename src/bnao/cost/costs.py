"""The seam of limits: what an architecture costs, in one number for each of many (imports no torch).

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.errors import SettingError


class Cost(Protocol):
    """A cost that a limit bounds. A table of sizes, one of latencies and a function of your own are such costs."""

    @property
    def name(self) -> str:
        """The setting that limits it, such as ``max_params``."""

    @property
    def unit(self) -> str:
        """What stands behind a number of it, such as ``parameters`` or ``ms``."""

    def values(self, architectures: Sequence[Architecture]) -> NDArray[Any]:
        """(P,) numbers >= 0; the same for the same architecture in whatever company it is asked for."""


class CostFunction:
    """A function ``(architectures) -> (P,)`` as a cost. Raises SettingError where it gives anything else.

    >>> tokens = CostFunction("max_tokens", "tokens", lambda architectures: [len(a.tokens) for a in architectures])
    >>> tokens.values([])
    array([], dtype=float64)
    """

    def __init__(self, name: str, unit: str, function: Callable[[Sequence[Architecture]], Any]) -> None:
        self._name, self._unit, self._function = name, unit, function

    @property
    def name(self) -> str:
        """The setting that limits it."""
        return self._name

    @property
    def unit(self) -> str:
        """What stands behind a number of it."""
        return self._unit

    def values(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) what the function gives; it is not asked for no architectures."""
        if not architectures:
            return np.zeros(0)
        found = self._function(architectures)
        try:
            values_P = np.asarray(found, dtype=np.float64)
        except (TypeError, ValueError):
            values_P = np.full(0, np.nan)
        if values_P.shape != (len(architectures),) or not (np.isfinite(values_P) & (values_P >= 0)).all():
            raise SettingError(
                f"a function for {self._name} gives one finite number >= 0 for each architecture; received "
                f"{str(found)[:80]!r} for {len(architectures)}: return a list or array of {len(architectures)} numbers"
            )
        return values_P


class LatencyFunction(CostFunction):
    """Your own latency in milliseconds in place of the measured table: a function ``(architectures) -> (P,)`` ms.

    For a device that is not this one, such as a phone. It must depend on the architecture alone: it is asked often, and
    a resumed run asks again.

    >>> latency = LatencyFunction(lambda architectures: [0.5 for _ in architectures])
    >>> latency.name, latency.unit
    ('max_latency_ms', 'ms')
    """

    def __init__(self, function: Callable[[Sequence[Architecture]], Any]) -> None:
        super().__init__("max_latency_ms", "ms", function)
