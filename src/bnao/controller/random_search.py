"""Random search on the proposer seam: the baseline every controller has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller.base import FitReport, OnEpoch, Proposals, Proposer
from bnao.controller.fill import Collector
from bnao.controller.scores import checked_scores
from bnao.cost.feasible import FeasibleSpace


class RandomProposer(Proposer):
    """Uniform draws over the distinct feasible architectures not yet seen; scores are checked and not used.

    With the same budget it is the comparison of Yu et al. (arXiv 1902.08142).

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> space = FeasibleSpace(NaoCellGrammar(nodes=2, num_operations=3))
    >>> RandomProposer().propose(4, np.random.default_rng(0), space, set()).counts()
    {'random': 4}
    """

    def fit(
        self,
        architectures: Sequence[Architecture],
        scores_P: NDArray[np.float64],
        seed: int,
        *,
        on_epoch: OnEpoch | None = None,
    ) -> FitReport:
        """Checks the scores; learns nothing."""
        checked_scores(architectures, scores_P)
        return FitReport()

    def propose(self, n: int, rng: np.random.Generator, feasible: FeasibleSpace, seen: AbstractSet[str]) -> Proposals:
        """``n`` draws without repeats, all of origin ``random``."""
        found = Collector(n, feasible, seen)
        found.fill_at_random(rng)
        return found.proposals()

    def state_dict(self) -> dict[str, Any]:
        """Empty: there is no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""
