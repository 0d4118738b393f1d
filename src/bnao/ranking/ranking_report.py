"""``report``: everything that can be said of a ranking from scores, stand-alone metrics and sizes.

Shapes: P architectures, O operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.errors import require
from bnao.objective.info import ACCURACY, MetricInfo
from bnao.ranking import inputs
from bnao.ranking.bootstrap import Estimate, multiplicities, quarters
from bnao.ranking.ceiling import Ceiling, ceiling
from bnao.ranking.evidence import Taus, reach
from bnao.ranking.figures import RankingFigures, ranking_figures
from bnao.ranking.good import good_enough
from bnao.ranking.partial import partial_correlation
from bnao.ranking.scopes import SizeRule, scopes, size_rule
from bnao.ranking.trivial import COUNTS_FIT, FUSED, SCORE, Fused, TrivialRanking, fused_ranking, trivial_rankings
from bnao.ranking.verdict import Rival, Verdict, decide

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankingReport:
    """Plain values throughout: ``bnao.storage.plain.to_plain`` makes JSON of it, ``from_dict`` reads that back."""

    num_architectures: int
    confidence: float
    resamples: int
    seed: int
    size_rule: SizeRule
    score: RankingFigures
    rounds: dict[str, RankingFigures]
    trivial: dict[str, TrivialRanking]  # size, live_size (or smallest_...), op_counts_fit: those that could be had
    fused: Fused | None  # None without operation counts
    ceiling: Ceiling | None  # None without second seeds
    partial_size_correlation: Estimate  # of score and size given the truth; 0 for errors unrelated to size
    verdict: Verdict


def report(
    scores: ArrayLike,
    truth: ArrayLike,
    sizes: ArrayLike,
    *,
    live_sizes: ArrayLike | None = None,
    op_counts: ArrayLike | None = None,
    rounds: Mapping[str, ArrayLike] | Sequence[ArrayLike] | None = None,
    second_truth: ArrayLike | None = None,
    metric: MetricInfo = ACCURACY,
    whole: bool = False,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> RankingReport:
    """How far the ranking by ``scores`` agrees with what networks reach alone, with intervals and a verdict.

    Arguments, all in the same order of P >= 3 architectures:

    - ``scores`` (P,): higher is better (negate a loss);
    - ``truth`` (P,): what each reaches alone, accuracies in [0, 1] unless ``metric`` says that it is something else;
    - ``sizes`` (P,): numbers of parameters; ``live_sizes`` (P,): of the operations that reach the output;
    - ``op_counts`` (P, O): how often each operation occurs, for the fit on counts and the fused fit;
    - ``rounds``: scores of earlier rounds (P,) by name, or in order; NaN for an architecture not yet in the pool;
    - ``second_truth`` (P,): the same of a second seed, NaN where there is none;
    - ``metric``: name and direction of the truth, and whether it is a share in [0, 1]. Figures of the pick are in its
      units; the verdict's tolerance is half a percentage point of a share, else relative (:mod:`bnao.ranking.good`);
    - ``whole``: these are all architectures there are, so that a verdict asks for no more of them;
    - ``confidence`` of the percentile intervals, from ``resamples`` >= 50 bootstrap samples of architectures, drawn by
      ``seed``. The same arguments give the same report.

    Every figure is an ``Estimate``, None with a reason where there is too little to give one. A thousand architectures
    take some seconds. Raises SettingError for bad input.

    >>> truth = [0.50 + 0.01 * k for k in range(20)]
    >>> found = report([0.1 * t for t in truth], truth, [100 + (k % 5) for k in range(20)])
    >>> found.score.overall.kendall.value, found.verdict.headline
    (1.0, 'trust it')
    """
    inputs.settings(confidence, resamples)
    scores_P = inputs.numbers("scores", scores)
    num = len(scores_P)
    truth_P, sizes_P = inputs.truths("truth", truth, num, metric), inputs.sizes("sizes", sizes, num)
    live_P = None if live_sizes is None else inputs.sizes("live_sizes", live_sizes, num)
    counts_PO = None if op_counts is None else inputs.table("op_counts", op_counts, num)
    second_P = None if second_truth is None else inputs.truths("second_truth", second_truth, num, metric, missing=True)
    earlier = _rounds(rounds, num)

    rule = size_rule(sizes_P, truth_P)
    where = scopes(truth_P, sizes_P, rule)
    weights_PR = multiplicities(num, resamples, seed)

    def figures(ranking_P: Floats) -> RankingFigures:
        found = ranking_figures(ranking_P, truth_P, where, weights_PR, confidence)
        return replace(found, pick=found.pick.in_units_of(metric))

    trivial = trivial_rankings(sizes_P, live_P, counts_PO, truth_P, seed)
    rankings = {SCORE: scores_P, **trivial}
    if counts_PO is not None:
        rankings[FUSED] = fused_ranking(scores_P, counts_PO, truth_P, seed)
    overall, within = (
        Taus(rankings, truth_P, where[name], weights_PR, confidence) for name in ("overall", "within_size")
    )
    noise = None
    if second_P is not None:
        noise = ceiling(truth_P, second_P, sizes_P, rule, confidence=confidence, resamples=resamples, seed=seed)
    return RankingReport(
        num_architectures=num,
        confidence=float(confidence),
        resamples=int(resamples),
        seed=int(seed),
        size_rule=rule,
        score=figures(scores_P),
        rounds={name: figures(values_P) for name, values_P in earlier.items()},
        trivial={
            name: TrivialRanking(figures(other_P), overall.lead(SCORE, name), within.lead(SCORE, name))
            for name, other_P in trivial.items()
        },
        fused=None
        if counts_PO is None
        else Fused(figures(rankings[FUSED]), overall.lead(FUSED, COUNTS_FIT), within.lead(FUSED, COUNTS_FIT)),
        ceiling=noise,
        partial_size_correlation=partial_correlation(scores_P, sizes_P, truth_P, weights_PR, confidence),
        verdict=decide(
            overall.estimate(SCORE),
            {name: overall.rival(name, SCORE) for name in trivial},
            reach(scores_P, truth_P, weights_PR, quarters(num, resamples, seed), good_enough(metric, truth_P)),
            None if counts_PO is None else Rival(overall.estimate(FUSED), overall.lead(FUSED, COUNTS_FIT)),
            metric=metric.name + ("" if metric.higher_is_better else " (lower is better; agreement is above 0)"),
            seeds=None if noise is None else noise.seeds.kendall,
            whole=whole,
        ),
    )


def _rounds(rounds: Mapping[str, ArrayLike] | Sequence[ArrayLike] | None, num: int) -> dict[str, Floats]:
    if rounds is None:
        return {}
    if not isinstance(rounds, Mapping):
        rounds = {f"round {k}": values for k, values in enumerate(rounds, 1)}
    found = {name: inputs.numbers(f"scores of {name}", values, num, missing=True) for name, values in rounds.items()}
    for name, values_P in found.items():
        require(bool(np.isfinite(values_P).any()), f"{name} has scored an architecture", "no score", "leave it out")
    return found
