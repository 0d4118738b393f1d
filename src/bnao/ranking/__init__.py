"""How far a one-shot ranking can be trusted: figures with intervals, trivial rankings beside them, a verdict."""

from bnao.ranking.bootstrap import Estimate
from bnao.ranking.correlation import kendall, midranks, pairwise_accuracy, spearman
from bnao.ranking.counts_fit import CountsFit, fit_counts
from bnao.ranking.difference import paired_difference
from bnao.ranking.ranking_report import RankingReport, report
from bnao.ranking.verdict import Verdict
from bnao.ranking.verdict_errors import VerdictErrors, verdict_error_rates

__all__ = [
    "CountsFit",
    "Estimate",
    "RankingReport",
    "Verdict",
    "VerdictErrors",
    "fit_counts",
    "kendall",
    "midranks",
    "paired_difference",
    "pairwise_accuracy",
    "report",
    "spearman",
    "verdict_error_rates",
]
