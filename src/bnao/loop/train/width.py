"""The widest network within a limit of multiply-adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.spaces.base import SearchSpace
from bnao.spaces.config import MOST_CHANNELS, NetworkConfig
from bnao.task import Task


@dataclass(frozen=True, kw_only=True)
class Width:
    """``channels``, the largest even number whose network keeps ``limit``; ``macs`` of it, and of the next width.

    ``asked``: what the settings say, and what this takes the place of.
    """

    asked: int
    limit: int
    channels: int
    macs: int
    next_macs: int

    @property
    def text(self) -> str:
        """What was chosen, and why, in a sentence.

        >>> Width(asked=52, limit=600, channels=44, macs=570, next_macs=620).text
        'channels 44 in place of 52: the largest even width within 600 multiply-adds (it has 570; channels 46 has 620)'
        """
        place = f" in place of {self.asked}" if self.asked != self.channels else ""
        return (
            f"channels {self.channels}{place}: the largest even width within {self.limit:,} multiply-adds (it has "
            f"{self.macs:,}; channels {self.channels + 2} has {self.next_macs:,})"
        )


def widest(space: SearchSpace, network: NetworkConfig, task: Task, architecture: Architecture, limit: int) -> Width:
    """The largest even ``channels`` whose stand-alone network has at most ``limit`` multiply-adds.

    Raises SettingError where not even 2 channels do, with what these have.
    """

    @cache
    def macs(channels: int) -> int:
        skeleton = space.skeleton(replace(network, channels=channels, auxiliary=False), task)
        return int(SizeTable(skeleton).macs([architecture])[0])

    fewest = macs(2)
    if fewest > limit:
        raise SettingError(
            f"max_macs leaves room for 2 channels at least, which have {fewest:,} multiply-adds; received {limit:,}: "
            f"raise it to {fewest:,}, or lower network.cells_per_stage"
        )
    channels = _largest(lambda half: macs(2 * half) <= limit, MOST_CHANNELS // 2) * 2
    next_macs = macs(min(channels + 2, MOST_CHANNELS))
    return Width(asked=network.channels, limit=limit, channels=channels, macs=macs(channels), next_macs=next_macs)


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """The largest number up to ``most`` for which a condition holds that holds for 1 and, once it fails, fails on.

    >>> _largest(lambda n: n * n <= 200, 1000)
    14
    """
    low, high = 1, 2
    while high <= most and holds(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
