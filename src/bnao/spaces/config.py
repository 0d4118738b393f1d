"""Settings of search spaces and of the networks that their skeletons build (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnao.errors import require
from bnao.spaces.numbers import fractions, wholes

MOST_NODES, MOST_CELLS, MOST_CHANNELS = 50, 1_000, 100_000
"""Numbers above which laying out a network would take minutes, or overflow."""

MOST_LAYERS, MOST_KERNEL, MOST_EXPANSION, MOST_WIDTH = 200, 31, 64, 1_000
"""The same for chains of layers."""

MOBILE_FIELDS = ("widths", "depths", "strides", "kernels", "expansions", "skip")
"""Fields of SpaceConfig that the space ``mobile`` alone reads."""

Output = Literal["concat", "project"]
Stem = Literal["auto", "cifar", "imagenet"]


@dataclass(frozen=True, kw_only=True)
class SpaceConfig:
    """Which architectures are searched."""

    name: str = "nao_cell"  # a search space: bnao list spaces
    operations: str = "small"  # an operation set: small | middle, or names of operations joined by commas
    nodes: int = 5  # nodes of a cell, two (input, operation) pairs each
    widths: str = "1,2,4"  # mobile: width of each stage as a multiple of network.channels; the stem's is 1
    depths: str = "4,4,4"  # mobile: layers of each stage
    strides: str = "1,2,2"  # mobile: stride, 1 or 2, of each stage's first layer
    kernels: str = "3,5,7"  # mobile: candidate kernel sizes of the depthwise convolution
    expansions: str = "3,6"  # mobile: candidate expansions, width of the depthwise convolution over the block's input
    skip: bool = True  # mobile: whether a layer that keeps width and size may be left out

    def __post_init__(self) -> None:
        require(1 <= self.nodes <= MOST_NODES, f"nodes is from 1 to {MOST_NODES}", self.nodes, "the paper uses 5")
        stages = {
            "widths": len(fractions("widths", self.widths, MOST_WIDTH)),
            "depths": len(wholes("depths", self.depths, range(1, MOST_LAYERS + 1))),
            "strides": len(wholes("strides", self.strides, range(1, 3))),
        }
        require(
            len(set(stages.values())) == 1,
            "widths, depths and strides have one number for each stage",
            ", ".join(f"{number} {name}" for name, number in stages.items()),
            "give as many of each",
        )
        layers = sum(wholes("depths", self.depths))
        require(layers <= MOST_LAYERS, f"depths add up to at most {MOST_LAYERS} layers", layers, "give smaller depths")
        wholes("kernels", self.kernels, range(3, MOST_KERNEL + 1, 2), distinct=True)
        wholes("expansions", self.expansions, range(1, MOST_EXPANSION + 1), distinct=True)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The skeleton that an architecture is put into. The supernet's ``output`` is always ``project``."""

    cells_per_stage: int = 3  # N; three stages with a reduction cell between them: 3 N + 2 cells
    channels: int = 20  # C, width of a cell's states in the first stage; doubles at each reduction
    output: Output = "concat"  # of a cell: unused states side by side, or projected back to C channels
    stem: Stem = "auto"  # auto: imagenet for images of 64 pixels or more, else cifar
    auxiliary: bool = False  # auxiliary classifier after the second reduction cell
    dropout_keep: float = 1.0  # before the last linear layer
    drop_path_keep: float = 1.0  # of the last cell at the end of training

    def __post_init__(self) -> None:
        require(
            1 <= self.cells_per_stage <= MOST_CELLS,
            f"cells_per_stage is from 1 to {MOST_CELLS}",
            self.cells_per_stage,
            "use 1 to 10",
        )
        require(
            self.channels <= MOST_CHANNELS,
            f"channels is at most {MOST_CHANNELS:,}",
            self.channels,
            "give a smaller number",
        )
        require(
            self.channels >= 2 and self.channels % 2 == 0,
            "channels must be even and at least 2 (factorized reductions halve widths)",
            self.channels,
            f"use {max(2, self.channels + self.channels % 2)}",
        )
        require(self.output in ("concat", "project"), "output is concat or project", self.output, "choose one")
        require(self.stem in ("auto", "cifar", "imagenet"), "stem is auto, cifar or imagenet", self.stem, "choose one")
        for name in ("dropout_keep", "drop_path_keep"):
            require(0.0 < getattr(self, name) <= 1.0, f"{name} lies in (0, 1]", getattr(self, name), "1 means off")

    def stem_for(self, image_size: tuple[int, int]) -> Literal["cifar", "imagenet"]:
        """The stem for images of (height, width): what ``auto`` means is decided here."""
        if self.stem != "auto":
            return self.stem
        return "imagenet" if min(image_size) >= 64 else "cifar"
