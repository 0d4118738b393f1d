"""A block that is repeated as often as the architecture says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from torch import nn

from bnao.errors import SettingError, require
from bnao.spaces.own.open_choice import Factory, OpenChoice, built

MOST_TIMES = 1_000
"""Repetitions above which a network is refused: all blocks are built."""


@final
class Repeat(OpenChoice):
    """A place in your network where a block stands 0, 1, 2, ... times in a row; how often, the search finds out.

    ``block`` makes the module (it is called once for each repetition, up to the greatest of ``times``; it may hold
    choices, which each repetition decides anew unless they are named). ``times``: two or more distinct numbers, 0 to
    1,000. n repetitions are the first n blocks, as ``nn.Sequential``; 0 leave the input as it is. ``name`` as for
    :class:`~bnao.spaces.own.OneOf`. Raises SettingError.

    >>> import bnao
    >>> from torch import nn
    >>> bnao.Repeat(lambda: nn.Conv2d(8, 8, 3, padding=1), times=(0, 1, 2, 4)).option_names
    ('0', '1', '2', '4')
    """

    def __init__(self, block: Factory, *, times: Sequence[int], name: str | None = None) -> None:
        if not isinstance(times, Sequence) or isinstance(times, str):
            raise SettingError(f"times is a list of whole numbers; received {times!r}: write for example (0, 1, 2)")
        for number in times:
            require(
                isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST_TIMES,
                f"times are whole numbers from 0 to {MOST_TIMES:,}",
                number,
                "write for example (0, 1, 2)",
            )
        require(len(times) >= 2, "times has two numbers or more", tuple(times), "name another one")
        require(len(set(times)) == len(times), "times are distinct", tuple(times), "name each once")
        super().__init__([str(number) for number in times], name)
        self.times = tuple(times)
        self.blocks = nn.ModuleList(built(block, "the block of Repeat") for _ in range(max(times)))

    @property
    def kind(self) -> str:
        """``repetitions``."""
        return "repetitions"

    def parts(self) -> Iterator[tuple[str, nn.Module, frozenset[int]]]:
        for place, module in enumerate(self.blocks):
            yield str(place), module, frozenset(option for option, times in enumerate(self.times) if times > place)

    def chosen(self, option: int) -> nn.Module:
        chain = nn.Sequential(*list(self.blocks)[: self.times[option]])
        chain.training = self.training
        return chain
