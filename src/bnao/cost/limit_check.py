"""Limits against thousands of architectures in one call.

Shapes: P architectures, L limits that are set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.limits import Limits

if TYPE_CHECKING:
    from bnao.cost.sizes import SizeTable

_LARGEST = int(np.iinfo(np.int64).max)


class LimitCheck:
    """What ``limits`` say of architectures whose costs ``sizes`` counts; ``names`` and ``units`` in the order of L."""

    def __init__(self, sizes: SizeTable, limits: Limits) -> None:
        known = (
            ("max_params", "parameters", limits.max_params, sizes.num_params),
            ("max_macs", "multiply-adds", limits.max_macs, sizes.macs),
        )
        self.names = tuple(name for name, _, limit, _ in known if limit is not None)
        self.units = tuple(unit for _, unit, limit, _ in known if limit is not None)
        self.limits_L = np.array([min(limit, _LARGEST) for _, _, limit, _ in known if limit is not None], np.int64)
        self._counts = tuple(count for _, _, limit, count in known if limit is not None)

    def values(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(L, P) the limited costs."""
        return np.stack([count(architectures) for count in self._counts])

    def keeps(self, values_LP: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(P,) whether all limits are kept."""
        return np.asarray((values_LP <= self.limits_L[:, None]).all(axis=0))

    def excess(self, values_LP: NDArray[np.int64]) -> NDArray[np.float64]:
        """(P,) the greatest ratio of a cost to its limit: at most 1 where all are kept."""
        return np.asarray((values_LP / self.limits_L[:, None]).max(axis=0))

    def in_words(self, values_L: NDArray[np.int64]) -> str:
        """Costs with their units, such as ``614,870 parameters``."""
        return " and ".join(f"{int(value):,} {unit}" for value, unit in zip(values_L, self.units, strict=True))
