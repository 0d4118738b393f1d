"""What mobile networks consist of: units that a vectorised count multiplies, made of pieces that are counted once.

Layers of one shape (widths, stride, size of the input) are a *group*: their blocks count alike.

Shapes: P architectures, F units, K pieces; L layers, G groups, B blocks. Units, in this order:

    0             what every network has: stem and head
    1 .. G B      block b in a layer of group g: 1 + g B + b
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from bnao.arch import Architecture
from bnao.spaces.base import Catalogue, Piece
from bnao.spaces.mobile.additive import ChainSampler
from bnao.spaces.mobile.layers import MobileHead, build_stem
from bnao.spaces.mobile.network import build_block
from bnao.spaces.mobile.plan import Block, ChainPlan, LayerPlan


class PieceTable(Catalogue):
    """The catalogue of one skeleton: ``pieces`` (K) and ``unit_pieces`` (F, K)."""

    def __init__(self, plan: ChainPlan, num_classes: int, depths: Sequence[int], blocks: Sequence[Block]) -> None:
        self._depths = depths
        self._plan, self._num_classes, self._blocks = plan, num_classes, blocks
        shapes = list(dict.fromkeys(layer.shape for layer in plan.layers))
        self._groups_L = np.array([shapes.index(layer.shape) for layer in plan.layers], dtype=np.int64)
        self._num_units = 1 + len(shapes) * len(blocks)
        firsts = [next(layer for layer in plan.layers if layer.shape == shape) for shape in shapes]
        self.pieces = (
            Piece(self._stem, (plan.image,)),
            Piece(self._head, ((plan.c_out, *plan.size_out),)),
            *(_block_piece(layer, block) for layer in firsts for block in blocks),
        )
        self.unit_pieces = np.eye(self._num_units, len(self.pieces), k=1, dtype=np.int64)
        self.unit_pieces[0, :2] = 1

    def _stem(self) -> nn.Module:
        return build_stem(self._plan.image[0], self._plan.channels, self._plan.stem_stride)

    def _head(self) -> nn.Module:
        return MobileHead(self._plan.c_out, self._plan.head, self._num_classes, 1.0)

    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F) counts of each unit."""
        num, blocks = len(architectures), len(self._blocks)
        out_PF = np.zeros((num, self._num_units), dtype=np.int64)
        if num:
            out_PF[:, 0] = 1
            tokens_PL = np.array([a.tokens for a in architectures], dtype=np.int64)
            rows, places = np.nonzero(tokens_PL)
            np.add.at(out_PF, (rows, self._groups_L[places] * blocks + tokens_PL[rows, places]), 1)
        return out_PF

    def _costs(self, values_F: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.int64] | NDArray[np.float64]:
        """(L, B): the value of each block in each layer."""
        return values_F[1:].reshape(-1, len(self._blocks))[self._groups_L]

    def upper_bound(self, values_F: NDArray[np.float64]) -> float:
        """Fixed part + the dearest block of each layer: reached, so it is the maximum (values are not negative)."""
        return float(values_F[0]) + float(self._costs(values_F).max(axis=1).sum())

    def additive_sampler(self, values_F: NDArray[np.int64], exponent: int) -> ChainSampler:
        """Exact draws over the whole space in proportion to ``(units @ values_F) ** exponent``."""
        return ChainSampler(
            int(values_F[0]),
            [[int(cost) for cost in row] for row in self._costs(values_F)],
            [layer.skippable for layer in self._plan.layers],
            self._depths,
            exponent,
        )


def _block_piece(layer: LayerPlan, block: Block) -> Piece:
    return Piece(lambda: build_block(layer, block), ((layer.c_in, *layer.size_in),), chosen=True)
