"""What to train alone next: many cheap scores and a few trainings, judged together.

Shapes: P scored architectures, K trained ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.controller.base import Proposals
from bnao.controller.fill import Collector
from bnao.controller.nao.dataset import canonical_words
from bnao.controller.process import WordProcess
from bnao.controller.scores import checked_scores
from bnao.cost.feasible import FeasibleSpace
from bnao.evaluation.base import finite_scores

MOST_SCORED = 1000  # of the scored ones, the best, that are candidates,
BETTER = 0.5  # and at most this share of them
NEIGHBOURS = 200  # candidates by mutation,
PARENTS = 10  # of so many of the best trained ones,
MUTATIONS = 2  # each at most so many decisions from its parent


def next_to_train(
    scored: Sequence[Architecture],
    scores_P: NDArray[np.float64],
    trained: Sequence[Architecture],
    utilities_K: NDArray[np.float64],
    n: int,
    grammar: Grammar,
    feasible: FeasibleSpace,
    rng: np.random.Generator,
) -> Proposals:
    """Up to ``n`` architectures that are not trained yet, the most promising first; fewer if the space is exhausted.

    ``scores_P`` and ``utilities_K``: higher is better; a utility that is not finite counts as the worst that is.
    Candidates are the better half of the scored architectures and neighbours of the best trained ones; their origins
    are ``pool`` and ``mutation`` (``random`` where both are few). The worse half is left to exhausted spaces: among the
    few best by score that are trained first the score may well seem to be wrong, and what follows from that would lead
    to the very last. A :class:`~bnao.controller.process.WordProcess` on the trainings
    chooses by expected improvement. What another one expects from the scores is among its features, so the trainings
    themselves say how far the scores are to be trusted. Beyond the paper, which trains the top of the pool at once.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> grammar = NaoCellGrammar(nodes=2, num_operations=3)
    >>> space, rng = FeasibleSpace(grammar), np.random.default_rng(0)
    >>> pool = space.sample_distinct(40, rng)
    >>> scores = np.array([float(sum(a.tokens)) for a in pool])
    >>> found = next_to_train(pool, scores, pool[:8], scores[:8], 5, grammar, space, rng)
    >>> len(found.architectures), {a.id for a in found.architectures} & {a.id for a in pool[:8]}
    (5, set())
    """
    scores_P = checked_scores(scored, scores_P)
    utilities_K = checked_scores(trained, finite_scores(utilities_K)[0])
    by_score = np.argsort(-scores_P, kind="stable")
    better, worse = np.split(by_score, [math.ceil(BETTER * len(scored))])
    found = Collector(min(MOST_SCORED, len(scored)), feasible, [a.id for a in trained])
    for k in better.tolist():
        found.offer(scored[k], "pool")
    found.n = len(found.architectures) + max(NEIGHBOURS, n)
    best = [trained[k] for k in np.argsort(-utilities_K, kind="stable")[:PARENTS]]
    found.fill_by_mutation(best, rng, mutations=MUTATIONS)
    for k in worse.tolist() if len(found.architectures) < n else []:
        found.offer(scored[k], "pool")
    found.fill_at_random(rng, n)
    candidates = found.architectures
    if not candidates:
        return Proposals()
    cheaper = WordProcess(canonical_words(grammar, scored), scores_P, grammar.num_words)
    judge = WordProcess(canonical_words(grammar, trained), utilities_K, grammar.num_words, cheaper)
    return found.proposals(judge.choose(canonical_words(grammar, candidates), min(n, len(candidates))))
