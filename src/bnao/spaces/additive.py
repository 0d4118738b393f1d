"""An optional seam of skeletons: exact draws in proportion to a power of a size that is a sum of parts.

A space whose sizes add up along a chain of decisions can count and draw by dynamic programming, however large it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import comb

import numpy as np

from bnao.arch import Architecture


def below(limit: int, rng: np.random.Generator) -> int:
    """A uniform whole number in [0, limit), of any size; each try succeeds with probability above 1/2."""
    bits = limit.bit_length()
    size = (bits + 7) // 8
    while True:
        value = int.from_bytes(rng.bytes(size), "little") >> (8 * size - bits)
        if value < limit:
            return value


def plus(cost: int, moments: Sequence[int]) -> list[int]:
    """Sums of (cost + x)**j from the ``moments``, sums of x**j: by the binomial theorem, for j = 0, 1, ...

    >>> plus(2, [1, 3, 9])  # x = 3 alone
    [1, 5, 25]
    """
    return [sum(comb(j, i) * cost**i * moments[j - i] for i in range(j + 1)) for j in range(len(moments))]


class AdditiveSampler(ABC):
    """Draws architectures a with p(a) = value(a)**exponent / sum of value**exponent over *distinct* architectures.

    ``value(a) = units(a) @ unit_values_F`` with whole unit values, none negative. All arithmetic is exact.
    """

    @property
    @abstractmethod
    def exponent(self) -> int:
        """The power, a whole number >= 0."""

    @abstractmethod
    def moment(self, order: int) -> int:
        """Sum of ``value**order`` over all distinct architectures, for 0 <= order <= max(1, exponent)."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws, in canonical order. ``moment(exponent)`` must not be zero."""

    @property
    def mean(self) -> float:
        """Exact mean of ``value`` over the distinct architectures of the space (correctly rounded)."""
        return self.moment(1) / self.moment(0)
