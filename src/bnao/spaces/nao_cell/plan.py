"""Where every cell of the NAO network stands: widths and resolutions, derived once and used by builder and counter.

A *source* is a tensor that cells read: a stem's output or a cell's. In ``concat`` networks a cell's output has as many
widths C as the cell has unused states, so its width is known only with the architecture: ``Source.width(u)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from bnao.errors import require
from bnao.spaces.config import NetworkConfig
from bnao.spaces.resolution import reduced
from bnao.task import Task

NORMAL, REDUCTION = 0, 1
Unused = tuple[int, int]
"""Numbers of unused states of the normal and of the reduction cell."""


@dataclass(frozen=True)
class Source:
    """``channels`` a state, times the unused states of cell ``kind`` (None: a fixed width), at ``size`` (h, w)."""

    channels: int
    size: tuple[int, int]
    kind: int | None = None

    def width(self, unused: Unused) -> int:
        """Channels of this tensor in a network whose cells have these numbers of unused states."""
        return self.channels if self.kind is None else self.channels * unused[self.kind]


@dataclass(frozen=True)
class CellPlan:
    """Cell ``layer`` (from 1) of ``layers``: its kind, width C, inputs, and the size of its output."""

    layer: int
    layers: int
    kind: int
    channels: int
    older: Source
    newer: Source
    size_out: tuple[int, int]

    @property
    def size_in(self) -> tuple[int, int]:
        """(h, w) of both inputs once they are calibrated."""
        return self.newer.size


@dataclass(frozen=True)
class NetworkPlan:
    """The whole network: stem, cells, and the two places where classifiers read."""

    stem: str
    image: tuple[int, int, int]
    cells: tuple[CellPlan, ...]
    output: Source
    auxiliary: Source


def plan_network(config: NetworkConfig, task: Task) -> NetworkPlan:
    """Lay out the network. Raises SettingError where images are too small for it."""
    size, channels, n = task.image_size, config.channels, config.cells_per_stage
    stem = config.stem_for(size)
    if stem == "cifar":
        sources = [Source(3 * channels, size)] * 2
    else:
        quarter = reduced(size, 4)
        sources = [Source(channels, quarter), Source(channels, reduced(quarter, 2))]
    cells: list[CellPlan] = []
    for layer in range(1, 3 * n + 3):
        kind = REDUCTION if layer in (n + 1, 2 * n + 2) else NORMAL
        channels *= 2 if kind == REDUCTION else 1
        older, newer = sources[-2], sources[-1]
        size_out = reduced(newer.size, 2) if kind == REDUCTION else newer.size
        cells.append(CellPlan(layer, 3 * n + 2, kind, channels, older, newer, size_out))
        sources.append(Source(channels, size_out, kind if config.output == "concat" else None))
    auxiliary = sources[2 * n + 2 + 1]
    if config.auxiliary:
        side = min(auxiliary.size)
        stride = 3 if stem == "cifar" else 2
        require(
            side >= 5 and (side - 5) // stride + 1 >= 2,
            "the auxiliary head pools 5x5 and convolves 2x2 after the second reduction, so it needs "
            f"{5 + stride}x{5 + stride} pixels there",
            f"{auxiliary.size[0]}x{auxiliary.size[1]} from images of {size[0]}x{size[1]}",
            "use larger images or set auxiliary to false",
        )
    return NetworkPlan(stem, (task.in_channels, *size), tuple(cells), sources[-1], auxiliary)
