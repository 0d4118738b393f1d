"""Does the score prefer large (or small) networks beyond what the truth justifies?

``r(score, size | truth) = (r_ab - r_at r_bt) / sqrt((1 - r_at^2) (1 - r_bt^2))`` with Spearman's rho for each r. It is
0 for a ranking whose errors have nothing to do with size, however noisy; negative where large networks are ranked too
low, the effect that balanced training is to cure (arXiv 1909.10815, section 3). The rank error against size is no such
measure: regression to the mean makes it negative for every noisy ranking.

Two limits. A noisy truth explains too little, and leaves a part of the justified preference for size in the figure: it
is then above 0 without any fault. And the null is exact for normal variables, close to 0 for others.
Shapes: P architectures, R columns of the bootstrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate, Weights, estimate
from bnao.ranking.pair_sums import pair_sums

Floats = NDArray[np.float64]
EDGE = 1e-9


def partial_correlation(
    scores_P: Floats, sizes_P: Floats, truth_P: Floats, weights_PR: Weights, confidence: float
) -> Estimate:
    """Rank correlation of score and size given the truth, in [-1, 1]."""
    ab_R, at_R, bt_R = (
        pair_sums(one_P, other_P, weights_PR).spearman()
        for one_P, other_P in ((scores_P, sizes_P), (scores_P, truth_P), (sizes_P, truth_P))
    )
    rest_R = (1 - at_R**2) * (1 - bt_R**2)  # 0 where the truth explains one of them wholly: nothing is left to relate
    values_R = np.full(ab_R.shape, np.nan)
    np.divide(ab_R - at_R * bt_R, np.sqrt(np.abs(rest_R)), out=values_R, where=rest_R > EDGE)
    return estimate(np.clip(values_R, -1, 1), len(truth_P), confidence)
