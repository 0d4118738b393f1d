"""Sizes and multiply-adds of thousands of architectures in one call, with no network built (DESIGN decision 4).

Shapes: P architectures, F units, K pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.counting import Count, count_built
from bnao.spaces.additive import AdditiveSampler
from bnao.spaces.base import CountedPiece, Piece, Skeleton


class SizeTable:
    """Counts of one skeleton's architectures: sums of the counts of pieces, each counted once on the meta device.

    Sizes are of the stand-alone network without its auxiliary head, whose multiply-adds are never counted.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        counts = [_count(piece) for piece in skeleton.pieces]
        params = np.array([c.num_params for c in counts], dtype=np.int64)
        macs = np.array([c.macs for c in counts], dtype=np.int64)
        auxiliary = np.array([piece.auxiliary for piece in skeleton.pieces], dtype=np.bool_)
        chosen = np.array([piece.chosen for piece in skeleton.pieces], dtype=np.bool_)
        self._params_F = skeleton.unit_pieces @ np.where(auxiliary, 0, params)
        self._auxiliary_F = skeleton.unit_pieces @ np.where(auxiliary, params, 0)
        self._chosen_F = skeleton.unit_pieces @ np.where(chosen, params, 0)
        self._macs_F = skeleton.unit_pieces @ np.where(auxiliary, 0, macs)
        self._whole_macs = skeleton.catalogue.whole_macs()

    def num_params(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) parameters of the stand-alone networks, without auxiliary heads."""
        return self.skeleton.units(architectures) @ self._params_F

    def num_params_with_auxiliary(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) parameters, the auxiliary head (where the skeleton has one) included."""
        return self.skeleton.units(architectures) @ (self._params_F + self._auxiliary_F)

    def num_chosen_params(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) parameters of the chosen operations only."""
        return self.skeleton.units(architectures) @ self._chosen_F

    def macs(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) multiply-adds of convolutions and linear layers for one image, without auxiliary heads."""
        if self._whole_macs is not None:
            return self._whole_macs(architectures)
        return self.skeleton.units(architectures) @ self._macs_F

    def max_params(self, *, chosen_only: bool = False) -> float:
        """A proven upper bound of :meth:`num_params` (or :meth:`num_chosen_params`) over the whole space."""
        return self.skeleton.upper_bound((self._chosen_F if chosen_only else self._params_F).astype(np.float64))

    def max_macs(self) -> float:
        """A proven upper bound of :meth:`macs` over the whole space; infinite where there is none."""
        if self._whole_macs is not None:
            return math.inf
        return self.skeleton.upper_bound(self._macs_F.astype(np.float64))

    def additive_sampler(self, exponent: int, *, chosen_only: bool = False) -> AdditiveSampler | None:
        """Exact draws in proportion to ``num_params ** exponent`` over the whole space, where the skeleton offers them.

        ``chosen_only`` counts the chosen operations alone. The sampler's ``mean`` is the exact mean size of the space.
        """
        return self.skeleton.additive_sampler(self._chosen_F if chosen_only else self._params_F, exponent)

    def additive_macs_sampler(self, exponent: int) -> AdditiveSampler | None:
        """Exact draws in proportion to ``macs ** exponent`` over the whole space, where the skeleton offers them."""
        if self._whole_macs is not None:
            return None
        return self.skeleton.additive_sampler(self._macs_F, exponent)


def _count(piece: Piece | CountedPiece) -> Count:
    if isinstance(piece, CountedPiece):
        return Count(piece.num_params, piece.macs)
    return count_built(piece.build, piece.input_shapes)
