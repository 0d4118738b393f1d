"""Is one ranking better than another? Their difference in tau within the same resamples.

Both rankings are judged on the same architectures, so most of their sampling error is common: the interval of the
difference is far narrower than two intervals side by side suggest. Within equal size it is cautious: the bootstrap's
own, which is too wide where pairs are few (``dyadic.py`` says why it is left so). Shapes: P architectures, R columns of
the bootstrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bnao.ranking import inputs
from bnao.ranking.bootstrap import Estimate, multiplicities, pairs_estimate
from bnao.ranking.figures import kendall_values
from bnao.ranking.scopes import Scope, num_pairs, scopes, size_rule


def paired_difference(
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    truth: ArrayLike,
    *,
    sizes: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """``tau(a) - tau(b)`` with its bootstrap interval; with ``sizes``, within equal size (the rule of ``scopes.py``).

    Arguments as for :func:`bnao.ranking.report`. Not given (None) where a ranking is constant among the pairs compared,
    as the size is within equal size. Raises SettingError for bad input.

    >>> truth = [0.05 * k for k in range(20)]
    >>> difference = paired_difference(truth, [t % 0.2 for t in truth], truth)
    >>> difference.num, difference.above_zero
    (190, True)
    """
    inputs.settings(confidence, resamples)
    a_P = inputs.numbers("scores_a", scores_a)
    b_P, truth_P = inputs.numbers("scores_b", scores_b, len(a_P)), inputs.truths("truth", truth, len(a_P))
    scope = Scope(np.arange(len(a_P)))
    if sizes is not None:
        sizes_P = inputs.sizes("sizes", sizes, len(a_P))
        scope = scopes(truth_P, sizes_P, size_rule(sizes_P, truth_P))["within_size"]
    weights_PR = multiplicities(len(a_P), resamples, seed)
    values_R = kendall_values(a_P, truth_P, scope, weights_PR) - kendall_values(b_P, truth_P, scope, weights_PR)
    return pairs_estimate(values_R, num_pairs(truth_P, scope.near), confidence)
