"""A ranking's figures as rows of text, for the terminal and for the page."""

from __future__ import annotations

from bnao.loop.rank.result import RankingResult
from bnao.objective.info import MetricInfo
from bnao.ranking import Estimate, RankingReport
from bnao.ranking.figures import Figures, RankingFigures
from bnao.report.format import count
from bnao.report.metric_words import axis_text, value_text, values_word

SCOPES = {
    "overall": "overall",
    "within_size": "within equal size",
    "top_half": "top half",
    "top_tenth": "top tenth",
}
RIVALS = {
    "size": "size",
    "live_size": "live size",
    "smallest_size": "size, smallest first",
    "smallest_live_size": "live size, smallest first",
    "op_counts_fit": "operation counts",
}
FIGURES_HEAD = ("", "Kendall's tau", "Spearman's rho", "pairs in order")
RIVALS_HEAD = ("ranking", "tau overall", "tau, equal size", "score's lead")
ROUNDS_HEAD = ("", "scored", "tau overall", "tau, equal size")


def caution(result: RankingResult) -> str:
    """What the figures must not be used for."""
    return (
        f"These {values_word(result.metric)} judge the ranking, on {result.examples} that nothing in the search used. "
        "Do not choose an architecture by them: that would be to choose on test data. The winner stays the one that "
        "the search has chosen on validation."
    )


def interval(estimate: Estimate, scale: float = 1.0, digits: int = 2) -> str:
    """``0.61 [0.48, 0.72]``, or a dash where there is too little to give a figure.

    >>> interval(Estimate(0.61, 0.48, 0.72, 9)), interval(Estimate(None, None, None, 3, "too few"))
    ('0.61 [0.48, 0.72]', '–')
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    value, low, high = (f"{scale * v:.{digits}f}" for v in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]".replace("-", "−")


def figure_rows(figures: RankingFigures) -> list[list[str]]:
    """Each scope with its three figures."""
    return [[words, *_three(getattr(figures, name))] for name, words in SCOPES.items()]


def _three(figures: Figures) -> list[str]:
    return [interval(figures.kendall), interval(figures.spearman), interval(figures.pairwise)]


def rival_rows(report: RankingReport) -> list[list[str]]:
    """The score, the trivial rankings with the score's lead over each, and the fit that has both."""
    rows = [["one-shot score", *_taus(report.score), ""]]
    rows += [
        [RIVALS.get(name, name), *_taus(rival.figures), interval(rival.lead)] for name, rival in report.trivial.items()
    ]
    if report.fused is not None:
        rows.append(["counts and score", *_taus(report.fused.figures), ""])
    return rows


def _taus(figures: RankingFigures) -> list[str]:
    return [interval(figures.overall.kendall), interval(figures.within_size.kendall)]


def round_rows(report: RankingReport) -> list[list[str]]:
    """Each round's tau among the architectures that it scored."""
    return [[name, str(figures.num_architectures), *_taus(figures)] for name, figures in report.rounds.items()]


def sample_rows(result: RankingResult) -> list[tuple[str, str]]:
    """What was measured."""
    plan, report = result.plan, result.report
    how = "equal numbers (give or take one) from five classes of size" if plan.stratify == "size" else "drawn uniformly"
    drawn = f"{len(result.rows)} of the {count(result.pool_size)} scored architectures, {how}, seed {plan.seed}"
    rule = report.size_rule
    equal = "the same number of parameters" if rule.kind == "equal" else f"within {100 * rule.tolerance:g} %"
    return [
        ("sample", drawn),
        ("truth", f"{axis_text('', result.metric)} when trained alone as in the re-ranking, on {result.measured_on}"),
        ("score", f"{result.score_name}, round {result.rounds[-1]}, higher is better"),
        ("equal size", f"{equal}: {count(rule.num_pairs)} pair{'' if rule.num_pairs == 1 else 's'}"),
        ("intervals", f"{100 * report.confidence:g} %, {count(report.resamples)} bootstrap samples of architectures"),
    ]


def conclusion_rows(result: RankingResult) -> list[tuple[str, str]]:
    """What the score is good for, its leaning to size, and the noise of the truth itself."""
    report, metric = result.report, result.metric
    pick, unit = report.score.pick, " %" if metric.is_share else ""
    lost = f"{'percentage points ' if metric.is_share else ''}{'below' if metric.higher_is_better else 'above'}"
    return [
        (
            "regret of the pick",
            f"{_value(pick.regret, metric)} {lost} the sample's best; a random pick "
            f"{_value(pick.random_regret, metric)}",
        ),
        (
            f"mean of the top {pick.top_count}",
            f"{_value(pick.top_mean, metric)}{unit}; of all {_value(pick.random_mean, metric)}{unit}; best "
            f"{value_text(pick.best, metric)}",
        ),
        (
            "leaning to size",
            f"{interval(report.partial_size_correlation)}: rank correlation of score and size given the truth; 0 is "
            "none, below 0 large networks are ranked too low",
        ),
        ("noise ceiling", _ceiling(report)),
    ]


def _ceiling(report: RankingReport) -> str:
    found = report.ceiling
    if found is None:
        return "not measured (--second-seed 10 trains ten of them again)"
    if found.seeds.kendall.value is None:
        return (
            f"not given: two seeds of {found.num_architectures} architectures, {found.seeds.kendall.reason} "
            "(--second-seed 10)"
        )
    return (
        f"two seeds agree with tau {interval(found.seeds.kendall)} ({found.num_architectures} architectures); a "
        f"perfect ranking would reach about {interval(found.ideal_kendall)}"
    )


def _value(estimate: Estimate, metric: MetricInfo) -> str:
    """In percent without the sign, or in four digits."""
    if metric.is_share:
        return interval(estimate, 100.0, 1)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]".replace("-", "−")


def missing_reasons(report: RankingReport) -> list[str]:
    """Why some figures are not given, by scope."""
    found = []
    for scope, words in SCOPES.items():
        figures: Figures = getattr(report.score, scope)
        reasons = [estimate.reason for estimate in (figures.kendall, figures.spearman, figures.pairwise)]
        found += [f"{words}: {reason}" for reason in dict.fromkeys(filter(None, reasons))]
    return found
