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
    """(P,) scores of P scored entries, raised by their numbers of parameters."""
    scores_P = np.array([entry.score for entry in scored], dtype=np.float64)
    sizes_P = np.array([entry.num_params for entry in scored], dtype=np.float64)
    return raised_by_size(scores_P, sizes_P, weight)


def raised_by_size(scores_P: NDArray[np.float64], sizes_P: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """(P,) normal scores of the scores plus ``weight`` times those of the sizes; the scores as they are for 0.

    >>> raised_by_size(np.array([0.1, 0.3, 0.2]), np.array([30.0, 20.0, 10.0]), 1.0).round(2).tolist()
    [0.0, 0.97, -0.97]
    """
    return normal_scores(scores_P) + weight * normal_scores(sizes_P) if weight else scores_P


def first_to_train(pool: Pool, k: int, weight: float) -> list[PoolEntry]:
    """The ``k`` of the pool that the first round trains, best first, of those with a latest score."""
    scored = pool.best(len(pool))
    return [scored[n] for n in np.argsort(-raised_scores(scored, weight), kind="stable")[:k]]
