"""Settings of path sampling (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnao.errors import require


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """Which architecture a supernet step trains: p(a) ~ max(w(a), floor * mean of w), w = size ** exponent.

    The paper (section 3.2): ``size_proportional`` over the ``pool`` with the ``standalone`` network's size and exponent
    1. A policy refuses settings that it does not read.
    """

    policy: str = "size_proportional"  # which architectures a step trains: bnao list policies
    over: Literal["pool", "space"] = "pool"  # the round's pool, or every architecture of the feasible space
    size: Literal["standalone", "chosen_ops"] = "standalone"  # parameters of the network, or of its chosen operations
    exponent: float = 1.0  # weight = size ** exponent; where the policy adapts it, at the start
    floor: float = 0.01  # weights below this share of the mean weight are raised to it, so size zero is still trained
    shuffle_sides: bool = True  # draw the order of symmetric inputs at random, so that both sides' weights are trained

    def __post_init__(self) -> None:
        require(self.over in ("pool", "space"), "over is pool or space", self.over, "choose one")
        require(self.size in ("standalone", "chosen_ops"), "size is standalone or chosen_ops", self.size, "choose one")
        require(0.0 <= self.exponent <= 64.0, "exponent lies in [0, 64]", self.exponent, "0 is uniform, 1 the paper's")
        require(0.0 <= self.floor <= 1.0, "floor lies in [0, 1]", self.floor, "the default is 0.01")
