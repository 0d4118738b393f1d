"""Do all processes train the same? A digest of what each is about to train, compared before anything is summed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from torch import Tensor, nn

from bnao.distributed.group import Group
from bnao.errors import RunError


class Disagreement(RunError):
    """Processes were about to train different things; all of them raise it."""


class Agreement:
    """Compares the paths of a step, and the names, shapes and strides of their parameters, over ``group``."""

    def __init__(self, root: nn.Module, group: Group) -> None:
        self._group = group
        self._names = {id(tensor): name for name, tensor in root.named_parameters()} if group.size > 1 else {}

    def check(self, step: int, path: str, active: Sequence[Tensor]) -> None:
        """Raise Disagreement, in every process, where one is about to train something else in this step."""
        if self._group.size == 1:
            return
        digest = hashlib.blake2b(f"{step} {path}".encode(), digest_size=8)
        for tensor in active:
            digest.update(f"{self._names.get(id(tensor))}{tuple(tensor.shape)}{tensor.stride()}".encode())
        numbers = self._group.all_numbers(int.from_bytes(digest.digest(), "little", signed=True))
        other = [rank for rank, number in enumerate(numbers) if number != numbers[0]]
        if other:
            raise Disagreement(
                f"all processes train the same path in a step; in step {step + 1} process {other[0]} has another than "
                f"process 0 (process {self._group.rank} has {path}): start all of them with the same version of bnao, "
                "the same model and the same settings"
            )
