"""Scores from a table: a search that costs nothing, to compare proposers. Imports no torch.

Shape: P architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bnao.arch import Architecture
from bnao.errors import DataError, require
from bnao.evaluation.base import Evaluator, Scores
from bnao.evaluation.tables.base import Table


class TabularEvaluator(Evaluator):
    """Looks up one seed's validation accuracy, as if the architecture were trained once.

    ``seed`` is a column of ``table.valid_accuracy_PS``. An id has one value (see :class:`Table`), so that isomorphic
    twins are one query; :attr:`num_queries` counts distinct ids. The test accuracy is never part of a score.
    """

    def __init__(self, table: Table, *, seed: int = 0) -> None:
        seeds = table.valid_accuracy_PS.shape[1]
        require(0 <= seed < seeds, f"the table's seeds are 0 to {seeds - 1}", seed, "choose one of them")
        self.table = table
        self.seed = seed
        self._queried: dict[str, None] = {}  # a set that keeps its order

    @property
    def num_queries(self) -> int:
        """How many distinct architectures were asked for so far."""
        return len(self._queried)

    @property
    def queried(self) -> tuple[str, ...]:
        """Their ids, in the order of their first query."""
        return tuple(self._queried)

    def evaluate(
        self, architectures: Sequence[Architecture], on_done: Callable[[int], None] = lambda done: None
    ) -> Scores:
        """Validation accuracies in [0, 1]. Raises DataError, counting nothing, where the table has none."""
        rows = [self.table.row(a.id) for a in architectures]
        values_P = self.table.valid_accuracy_PS[rows, self.seed] if rows else np.zeros(0)
        missing = np.flatnonzero(np.isnan(values_P))
        if len(missing):
            raise DataError(
                f"an architecture was trained with the seed that is asked for; {self.table.source!r} has no "
                f"validation accuracy of seed {self.seed} for {architectures[int(missing[0])]}: choose a seed that all "
                "rows have, such as 0"
            )
        for k, architecture in enumerate(architectures):
            self._queried[architecture.id] = None
            on_done(k + 1)
        return Scores(values_P, values_P.copy(), f"validation accuracy of seed {self.seed} ({self.table.name})")
