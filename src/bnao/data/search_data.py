"""What a search may see, and what a reported figure is measured on.

Shapes: as in :mod:`bnao.data.examples`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from bnao.data.examples import Examples
from bnao.objective import CLASSIFICATION, Objective
from bnao.task import Task


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchData:
    """What a search may see: ``train`` and ``valid``, of one kind. There is no test field.

    ``task`` describes images of classes (None: the examples are something else); ``objective`` is what networks learn
    from them and are judged by.
    """

    train: Examples
    valid: Examples
    task: Task | None = None
    objective: Objective = CLASSIFICATION

    def to(self, device: torch.device | str) -> SearchData:
        """The same data on ``device``."""
        return replace(self, train=self.train.to(device), valid=self.valid.to(device))


@dataclass(frozen=True, eq=False, kw_only=True)
class TestData:
    """Examples that neither scoring nor re-ranking used; ``measured`` says which they are, for reports."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    images: Examples
    measured: str = "test set"

    def to(self, device: torch.device | str) -> TestData:
        """The same data on ``device``."""
        return replace(self, images=self.images.to(device))
