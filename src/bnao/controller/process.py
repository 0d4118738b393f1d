"""A Gaussian process over the words of architectures: a judge of candidates that learns from few scores (no torch).

Shapes: P scored architectures, C candidates, A and B any architectures, T words, V vocabulary, X = T * V, F features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtr, ndtri

LENGTHS = (0.125, 0.25, 0.5)  # of the sequence's length: how far a score reaches, in differing words
SHARES = (0.0, 0.25, 0.5, 0.75)  # of the counts' part in the kernel
NOISES = (0.03, 0.1, 0.3, 1.0)  # variance of the noise, where that of the function is 1
SMALLEST_VARIANCE = 1e-9  # rounding may leave less
SMALLEST_SQUARE = 1e-12  # rounding may leave more than none where features are equal
MOST_SCORED = 2500  # scores that are learned from: the memory grows with their square, the time with their cube
MOST_TO_CHOOSE = 300  # scores from which the three are chosen; a larger pool is thinned for that


class WordProcess:
    """A Gaussian process with the kernel ``(1 - s) exp(-d / l) + s c . c'``.

    ``d`` is the number of places at which two sequences have different words, ``c`` the centred counts of the words of
    an architecture, wherever they stand, scaled to a mean square of 1. The first part says that neighbours score alike,
    the second that operations have a worth of their own. ``s``, ``l`` and the noise are those of a small grid with the
    greatest marginal likelihood (Rasmussen and Williams, Gaussian Processes for Machine Learning, section 5.4.1): what
    the scores can tell is no setting.

    ``cheaper``, a process on other scores of the same space, adds what it expects of an architecture to ``c``, with the
    weight of all counts together: where scores are few and dear, how far the many cheap ones can be trusted is learned
    from the few (as in Kennedy and O'Hagan, Biometrika 87, 2000, whose cheap model enters linearly as well).

    Targets are :func:`normal_scores`: the order alone counts, so losses and accuracies are judged alike, and one
    diverged network is the last and no more. Of more than :data:`MOST_SCORED` some are left out.

    >>> words = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    >>> judge = WordProcess(words, np.array([0.1, 0.2, 0.4, 0.3]), num_words=2)
    >>> np.argsort(judge.mean(words)).tolist()
    [0, 1, 3, 2]
    """

    def __init__(
        self,
        words_PT: NDArray[np.int64],
        scores_P: NDArray[np.float64],
        num_words: int,
        cheaper: WordProcess | None = None,
    ) -> None:
        self._num_words = num_words
        targets_P = normal_scores(scores_P)
        told = _told(targets_P)
        words_PT, targets_P = words_PT[told], targets_P[told]
        self._linear = [_Linear(self._counts, words_PT)]
        if cheaper is not None:
            self._linear.append(_Linear(lambda words_CT: cheaper.mean(words_CT)[:, None], words_PT))
        self._scored = self._view(words_PT)
        distance_PP, dot_PP = self._compare(self._scored, self._scored)
        thin = np.linspace(0, len(targets_P) - 1, min(len(targets_P), MOST_TO_CHOOSE)).astype(int)
        square = np.ix_(thin, thin)
        self.length, self.share, self.noise = max(
            product(LENGTHS, SHARES, NOISES),
            key=lambda chosen: _log_likelihood(
                _kernel(distance_PP[square], dot_PP[square], *chosen[:2]), chosen[2], targets_P[thin]
            ),
        )
        kernel_PP = _kernel(distance_PP, dot_PP, self.length, self.share)
        self._factor = cho_factor(kernel_PP + self.noise * np.eye(len(kernel_PP)), lower=True)
        self._weights_P = cho_solve(self._factor, targets_P)

    def mean(self, words_CT: NDArray[np.int64]) -> NDArray[np.float64]:
        """(C,) expected normal scores; higher is better."""
        return self._mean(self._view(words_CT))

    def choose(self, words_CT: NDArray[np.int64], n: int) -> list[int]:
        """Indices of ``n`` <= C candidates, one after the other by expected improvement on the best so far.

        ``EI = sd (u Phi(u) + phi(u))``, ``u = (mean - best) / sd``, ``best`` the greatest mean of the scored ones.
        After each choice the variances are those with that candidate known (they do not depend on its score), the means
        stay: a batch does not ask the same thing twice (Desautels et al., JMLR 15, 2014). If all are wanted (``n`` = C)
        they are ordered by :meth:`mean`.
        """
        candidates = self._view(words_CT)
        mean_C = self._mean(candidates)
        if n >= len(mean_C):
            return [int(k) for k in np.argsort(-mean_C, kind="stable")]
        best = float(self._mean(self._scored).max())
        cross_CP = self._covariance(candidates, self._scored)
        posterior_CC = self._covariance(candidates, candidates) - cross_CP @ cho_solve(self._factor, cross_CP.T)
        chosen: list[int] = []
        while len(chosen) < n:
            gain_C = _expected_improvement(mean_C, np.sqrt(np.maximum(np.diag(posterior_CC), SMALLEST_VARIANCE)), best)
            gain_C[chosen] = -np.inf
            k = int(gain_C.argmax())
            chosen.append(k)
            known_C = posterior_CC[:, k].copy()
            posterior_CC -= np.outer(known_C, known_C / (known_C[k] + self.noise))
        return chosen

    def _mean(self, candidates: _View) -> NDArray[np.float64]:
        return np.asarray(self._covariance(candidates, self._scored) @ self._weights_P)

    def _covariance(self, left: _View, right: _View) -> NDArray[np.float64]:
        return _kernel(*self._compare(left, right), self.length, self.share)

    def _counts(self, words_CT: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.stack([(words_CT == word).sum(1) for word in range(self._num_words)], axis=1).astype(np.float64)

    def _view(self, words_CT: NDArray[np.int64]) -> _View:
        return _View(
            words_CT.shape[1], _one_hot(words_CT, self._num_words), [part.centred(words_CT) for part in self._linear]
        )

    def _compare(self, left: _View, right: _View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(A, B) shares of differing words, and products of what enters linearly."""
        distance_AB = 1.0 - (left.ones_CX @ right.ones_CX.T).astype(np.float64) / left.length
        parts = zip(self._linear, left.linear, right.linear, strict=True)
        return distance_AB, np.mean([part.products(left_AF, right_BF) for part, left_AF, right_BF in parts], axis=0)


@dataclass(frozen=True)
class _View:
    """C architectures as a process compares them: what stands where (C, X), and for each linear part (C, F)."""

    length: int
    ones_CX: NDArray[np.float32]
    linear: list[NDArray[np.float64]]


class _Linear:
    """Features, which are centred and have a mean square of 1 on the P scored architectures.

    Where all of those have the same, products have the features' own scale.
    """

    def __init__(self, features: Callable[[NDArray[np.int64]], NDArray[np.float64]], words_PT: NDArray[np.int64]):
        self._features = features
        first_PF = features(words_PT)
        self._centre_F = first_PF.mean(0)
        square = float(((first_PF - self._centre_F) ** 2).sum(1).mean())
        self._scale = square if square > SMALLEST_SQUARE else 1.0

    def centred(self, words_CT: NDArray[np.int64]) -> NDArray[np.float64]:
        """(C, F) features less their mean."""
        return np.asarray(self._features(words_CT) - self._centre_F)

    def products(self, left_AF: NDArray[np.float64], right_BF: NDArray[np.float64]) -> NDArray[np.float64]:
        """(A, B) inner products of centred features."""
        return np.asarray(left_AF @ right_BF.T / self._scale)


def _expected_improvement(
    mean_C: NDArray[np.float64], deviation_C: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    u_C = (mean_C - best) / deviation_C
    return np.asarray(deviation_C * (u_C * ndtr(u_C) + np.exp(-0.5 * u_C**2) / np.sqrt(2 * np.pi)))


def normal_scores(scores_P: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P,) ``Phi^-1((rank - 1/2) / P)``; ties share their mean rank.

    >>> normal_scores(np.array([-1e9, 0.2, 0.2, 0.9])).round(2).tolist()
    [-1.15, 0.0, 0.0, 1.15]
    """
    _, place_P, count_K = np.unique(scores_P, return_inverse=True, return_counts=True)
    middle_K = np.cumsum(count_K) - 0.5 * count_K
    return np.asarray(ndtri(middle_K[place_P] / len(scores_P)))


def _told(targets_P: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices, in order, of at most :data:`MOST_SCORED`: half are the best, half evenly spaced among the others."""
    if len(targets_P) <= MOST_SCORED:
        return np.arange(len(targets_P))
    order = np.argsort(-targets_P, kind="stable")
    best, others = np.split(order, [MOST_SCORED // 2])
    rest = np.linspace(0, len(others) - 1, MOST_SCORED - len(best)).astype(int)
    return np.sort(np.concatenate([best, others[rest]]))


def _one_hot(words_CT: NDArray[np.int64], num_words: int) -> NDArray[np.float32]:
    ones_CTV = words_CT[:, :, None] == np.arange(num_words)
    return np.asarray(ones_CTV.reshape(len(words_CT), -1), dtype=np.float32)


def _kernel(
    distance_CP: NDArray[np.float64], dot_CP: NDArray[np.float64], length: float, share: float
) -> NDArray[np.float64]:
    return np.asarray((1.0 - share) * np.exp(-distance_CP / length) + share * dot_CP)


def _log_likelihood(kernel_PP: NDArray[np.float64], noise: float, targets_P: NDArray[np.float64]) -> float:
    """Up to a constant."""
    factor = cho_factor(kernel_PP + noise * np.eye(len(kernel_PP)), lower=True)
    return float(-0.5 * targets_P @ cho_solve(factor, targets_P) - np.log(np.diag(factor[0])).sum())
