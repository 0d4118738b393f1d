"""Searched against random at equal *total* compute: what the search itself cost, spent on random networks instead.

A search costs supernet training, scoring and the controller before anything is trained alone. That time would
train ``extra = search_seconds * processes / mean seconds of one random stand-alone training`` more random networks
(each process trains one at a time), and one would take the best of ``m = k + floor(extra)`` instead of ``k``. What
would that best be expected to be?

- ``m <= k``: with the observed values sorted, ``x(1) <= .. <= x(k)``, the expected maximum of m of them drawn without
  replacement is ``sum_i x(i) C(i-1, m-1) / C(k, m)``: exact, no model.
- ``m > k``: a normal model, ``mu + sigma e(m)``, where ``e(m) = int_0^inf (1 - Phi^m) dx - int_-inf^0 Phi^m dx`` is the
  expected maximum of m standard normals. mu and sigma are not known but drawn from their posterior under the usual flat
  prior: ``sigma^2 = (k-1) s^2 / chi^2(k-1)``, ``mu ~ normal(mean, sigma / sqrt(k))``. The estimate is the median of the
  draws, the interval their 5 % and 95 % quantiles, all clipped to what the metric can be
  (a share lies in [0, 1], a mean squared error is not negative).

The interval is that of the *expected* best: one more trial of m networks would scatter around it. For ``m <= k`` it is
the model's too, widened where needed to hold the exact estimate. Values are those of the metric on validation; where
lower is better, everything is done with their negatives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from bnao.loop.result import MetricInfo, SearchResult
from bnao.report.metric_words import value_text

STAGES = ("supernet-", "scoring-", "controller-", "choose-")
FEWEST = 3  # random networks
DRAWS = 20_000
_SEED = 20_190_910


@dataclass(frozen=True, kw_only=True)
class EqualCompute:
    """The comparison. ``low`` to ``high`` is the 90 % interval of the expected best of ``num_total`` random ones."""

    seconds_search: float
    seconds_per_training: float
    processes: int = 1  # that train a network each, at the same time
    num_random: int  # k, those trained
    num_total: int  # m, those that the whole time would have trained
    expected_best: float
    low: float
    high: float
    searched_best: float
    extrapolated: bool  # m > k: by the normal model
    metric: MetricInfo = field(default_factory=MetricInfo)


def equal_compute(result: SearchResult) -> EqualCompute | None:
    """The comparison for a finished search.

    None where nothing can be said: no searched network, fewer than 3 random ones, no spread among them, or no times.
    A supernet taken from another run cost this one no time, so its training is not counted.
    """
    random = [trained for trained in result.trained if trained.arm == "random"]
    metric, sign = result.metric, result.metric.utility(1.0)
    searched = [sign * trained.valid_metric for trained in result.trained if trained.arm == "searched"]
    values = [sign * trained.valid_metric for trained in random]
    search = sum(seconds for stage, seconds in result.stage_seconds.items() if stage.startswith(STAGES))
    if len(values) < FEWEST or not searched or not np.isfinite([*values, *searched, search]).all():
        return None
    training = float(np.mean([trained.seconds for trained in random]))
    if not (search > 0 and 0 < training < math.inf and max(values) > min(values)):
        return None
    total = len(values) + math.floor(search * result.processes / training)
    best, low, high = expected_best(values, total, _bounds(metric))
    low, high = sorted((sign * low, sign * high))
    return EqualCompute(
        seconds_search=search,
        seconds_per_training=training,
        processes=result.processes,
        num_random=len(values),
        num_total=total,
        expected_best=sign * best,
        low=low,
        high=high,
        searched_best=sign * max(searched),
        extrapolated=total > len(values),
        metric=metric,
    )


def _bounds(metric: MetricInfo) -> tuple[float, float] | None:
    """What no utility is beyond, where that is known."""
    if metric.is_share:
        return (0.0, 1.0) if metric.higher_is_better else (-1.0, 0.0)
    return {"mse": (-math.inf, 0.0), "mae": (-math.inf, 0.0), "r2": (-math.inf, 1.0)}.get(metric.name)


def expected_best(
    values: Sequence[float], m: int, bounds: tuple[float, float] | None = (0.0, 1.0)
) -> tuple[float, float, float]:
    """Expected maximum of ``m`` >= 1 networks like the k >= 2 observed, and its 90 % interval: (estimate, low, high).

    Clipped to ``bounds``.

    >>> round(expected_best([0.5, 0.6, 0.7], 2)[0], 4)  # of the three couples: 0.6, 0.7, 0.7
    0.6667
    """
    k = len(values)
    assert k >= 2 and m >= 1, "a spread needs two values, a maximum one"
    rng = np.random.default_rng(_SEED)
    sigma = float(np.std(values, ddof=1)) * np.sqrt((k - 1) / rng.chisquare(k - 1, DRAWS))
    mu = float(np.mean(values)) + sigma / math.sqrt(k) * rng.standard_normal(DRAWS)
    quantiles = np.quantile(mu + sigma * normal_maximum(m), (0.05, 0.5, 0.95))
    low, median, high = (quantiles if bounds is None else np.clip(quantiles, *bounds)).tolist()
    if m > k:
        return median, low, high
    ways = [math.comb(i, m - 1) for i in range(k)]
    exact = sum(value * way for value, way in zip(sorted(values), ways, strict=True)) / math.comb(k, m)
    return exact, min(low, exact), max(high, exact)


def normal_maximum(m: int) -> float:
    """Expected maximum of ``m`` independent standard normals.

    >>> [round(normal_maximum(m), 4) for m in (1, 2, 3, 100)]
    [0.0, 0.5642, 0.8463, 2.5076]
    """
    from scipy.integrate import quad
    from scipy.special import log_ndtr

    above, _ = quad(lambda x: -math.expm1(m * log_ndtr(x)), 0, 40, limit=500)
    below, _ = quad(lambda x: math.exp(m * log_ndtr(x)), -40, 0, limit=500)
    return float(above - below)


def sentence(equal: EqualCompute) -> str:
    """The verdict in plain words, with what it rests on."""
    k, m, more = equal.num_random, equal.num_total, equal.num_total - equal.num_random
    text = partial(value_text, metric=equal.metric)
    trained = "network" if more == 1 else "networks"
    time = (
        f"In the time of the search itself {more:,} more random {trained} could have been trained, {m:,} in all"
        if more
        else f"The search itself took less time than one random training, so {k} random networks stay the measure"
    )
    expected = (
        f"the best of {m:,} is expected at {text(equal.expected_best)} validation {equal.metric.name} "
        f"(90 % interval {text(equal.low)} to {text(equal.high)}), the best searched one has "
        f"{text(equal.searched_best)}"
    )
    if equal.low <= equal.searched_best <= equal.high:
        verdict = "Which way is better at equal total compute cannot be told from this run"
    elif (equal.searched_best > equal.high) == equal.metric.higher_is_better:
        verdict = "By this estimate the search was worth its time in this run"
    else:
        verdict = "By this estimate more random networks would have been the better use of the time in this run"
    accuracies = equal.metric.name == "accuracy"
    figures = ("the " if equal.extrapolated else "their ") + ("accuracies" if accuracies else "figures")
    model = (
        f"beyond them {figures} are assumed to be normally distributed"
        if equal.extrapolated
        else f"the interval assumes that {figures} are normally distributed"
    )
    return (
        f"{time}: {expected}. {verdict}. It rests on only {k} random networks; {model}. All are validation "
        f"{'accuracies' if accuracies else 'figures'} of one run, on which the best of each were "
        "picked."
    )
