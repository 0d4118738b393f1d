"""The NAO network: stem, cells, heads. One module class for the supernet and for stand-alone networks."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from bnao.call import WithAuxiliary
from bnao.spaces.config import NetworkConfig
from bnao.spaces.nao_cell.layers import AuxiliaryHead, Head, build_stem
from bnao.spaces.nao_cell.plan import CellPlan, NetworkPlan, Unused
from bnao.spaces.progress import DropPath, Progress


class NaoNetwork(nn.Module):
    """(B, in, h, w) -> logits (B, classes); in training with an auxiliary head: (logits, auxiliary logits)."""

    def __init__(
        self,
        plan: NetworkPlan,
        config: NetworkConfig,
        num_classes: int,
        unused: Unused,
        progress: Progress,
        make_cell: Callable[[CellPlan, DropPath], nn.Module],
    ) -> None:
        super().__init__()
        self.stem = build_stem(plan.stem, plan.image[0], config.channels)
        self.cells = nn.ModuleList(
            make_cell(
                cell,
                DropPath(keep_at_end=config.drop_path_keep, layer=cell.layer, layers=cell.layers, progress=progress),
            )
            for cell in plan.cells
        )
        self.head = Head(plan.output.width(unused), num_classes, config.dropout_keep)
        self.auxiliary_layer = 2 * config.cells_per_stage + 2
        self.auxiliary = (
            AuxiliaryHead(plan.auxiliary.width(unused), num_classes, plan.stem) if config.auxiliary else None
        )

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        """Classify images."""
        older, newer = self.stem(x)
        auxiliary = None
        for layer, cell in enumerate(self.cells, start=1):
            older, newer = newer, cell(older, newer)
            if layer == self.auxiliary_layer and self.auxiliary is not None and self.training:
                auxiliary = self.auxiliary(newer)
        logits = self.head(newer)
        return logits if auxiliary is None else WithAuxiliary(logits, auxiliary)
