"""A training step's batch in parts: which ones this process runs (imports no torch).

Every process knows the whole batch. Part k of S is a contiguous, near-equal share of it; each runs forward and backward
on its own, batch norm normalising over the part, and the step's gradient is the mean over the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from bnao.distributed.group import ALONE, Group
from bnao.errors import require

FEWEST = 2
"""Examples of a part: batch norm needs two."""


@dataclass(frozen=True)
class Shards:
    """``total`` parts, divided over the processes of ``group`` in order: contiguous, near-equal numbers of parts.

    The result depends on ``total``, not on the number of processes (up to the order of float sums: parts are added in
    pairs, so that a power of two of them on one or two processes gives the same bits).
    """

    total: int = 1
    group: Group = ALONE

    def __post_init__(self) -> None:
        assert self.total >= self.group.size >= 1, "each process has a part"

    @property
    def mine(self) -> range:
        """The numbers of this process's parts."""
        rank, size = self.group.rank, self.group.size
        return range(self.total * rank // size, self.total * (rank + 1) // size)

    def part(self, number: int, batch_size: int) -> slice:
        """Where part ``number`` lies in a batch.

        >>> [Shards(3).part(k, 8) for k in range(3)]
        [slice(0, 2, None), slice(2, 5, None), slice(5, 8, None)]
        """
        return slice(batch_size * number // self.total, batch_size * (number + 1) // self.total)

    def check(self, batch_size: int) -> None:
        """Raise SettingError where a part would have fewer than two examples."""
        most = batch_size // FEWEST
        require(
            self.total <= most,
            f"a batch of {batch_size} has at most {most} parts (processes times gradient_accumulation), for each needs "
            f"{FEWEST} examples or more",
            self.total,
            "raise batch_size, or use fewer processes or a smaller gradient_accumulation",
        )
