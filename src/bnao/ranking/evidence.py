"""What a verdict rests on, from checked values. Shapes: P architectures, R columns of the bootstrap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate, Weights, pairs_estimate
from bnao.ranking.figures import kendall_values
from bnao.ranking.good import SHARES, Good
from bnao.ranking.perfect import with_limit
from bnao.ranking.pick import good_positions, is_good
from bnao.ranking.scopes import Scope, num_pairs
from bnao.ranking.verdict import CERTAIN, Reach, Rival

Floats = NDArray[np.float64]


class Taus:
    """Tau-b of several rankings in one scope, on the same samples; what is read twice is computed once."""

    def __init__(
        self, rankings: Mapping[str, Floats], truth_P: Floats, scope: Scope, weights_PR: Weights, confidence: float
    ) -> None:
        self._values = {
            name: kendall_values(scores_P, truth_P, scope, weights_PR) for name, scores_P in rankings.items()
        }
        self._pairs, self._confidence = num_pairs(truth_P[scope.members_Q], scope.near), confidence

    def estimate(self, name: str) -> Estimate:
        """Tau of a ranking."""
        found = pairs_estimate(self._values[name], self._pairs, self._confidence)
        return with_limit(found, self._confidence, "kendall")

    def lead(self, name: str, other: str) -> Estimate:
        """Tau of ``name`` minus tau of ``other``, within each resample."""
        return pairs_estimate(self._values[name] - self._values[other], self._pairs, self._confidence)

    def rival(self, other: str, name: str) -> Rival:
        """The ranking ``other`` as what ``name`` is measured against."""
        return Rival(self.estimate(other), self.lead(name, other))


def reach(
    scores_P: Floats,
    truth_P: Floats,
    weights_PR: Weights,
    parts_PR: Weights | None,
    good: Good = SHARES,
    *,
    of_a_sample: bool = True,
) -> Reach:
    """How many of the best by score hold a ``good`` one in ``CERTAIN`` of the resamples.

    Whether the first alone is good is asked of ``parts_PR``, see :func:`~bnao.ranking.bootstrap.quarters`; where
    these are parts ``of_a_sample``, only if it is good in the whole: few quarters hold both it and a better one.
    """
    places_R = good_positions(scores_P, truth_P, weights_PR, good.tolerance)[1:]
    firsts_R = np.zeros(1)
    if parts_PR is not None:
        whole, *parts = good_positions(scores_P, truth_P, parts_PR, good.tolerance)
        firsts_R = np.array(parts) if whole == 1 or not of_a_sample else firsts_R
    return Reach(
        count=int(np.quantile(places_R, CERTAIN, method="inverted_cdf")),
        num=int(weights_PR[:, -1].sum()),
        first=float((firsts_R == 1).mean()),
        good=good.text,
        blind=float(is_good(truth_P, truth_P.max(), good.tolerance).mean()),
    )
