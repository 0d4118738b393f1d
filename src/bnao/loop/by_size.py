"""What the re-ranking trains, by score and size: ``rerank.size_weight``, beyond the paper (no torch).

The paper's premise is that a supernet ranks large networks too low; drawing them more often mends a part of it. Sizes
are known exactly, and order the cells of NAS-Bench-201 as well as a supernet does (``docs/log.md``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.controller.process import normal_scores
from bnao.storage import Pool, PoolEntry


def raised_scores(scored: Sequence[PoolEntry], weight: float) -> NDArray[np.float64]:
    """(P,) the scores of P scored entries, as they are for a ``weight`` of 0.

    Else their normal scores plus ``weight`` times those of the numbers of parameters; ties share their mean rank.
    """
    scores_P = np.array([entry.score for entry in scored], dtype=np.float64)
    if weight == 0 or not scored:
        return scores_P
    sizes_P = np.array([entry.num_params for entry in scored], dtype=np.float64)
    return normal_scores(scores_P) + weight * normal_scores(sizes_P)


def first_to_train(pool: Pool, k: int, weight: float) -> list[PoolEntry]:
    """The ``k`` of the pool that the first round trains, best first, of those with a latest score."""
    scored = pool.best(len(pool))
    return [scored[n] for n in np.argsort(-raised_scores(scored, weight), kind="stable")[:k]]
