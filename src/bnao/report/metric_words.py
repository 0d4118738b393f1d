"""Values of a run's metric as people read them: shares in percent, others as numbers of four digits."""

from __future__ import annotations

from bnao.objective.info import MetricInfo
from bnao.report.format import percent, points


def value_text(value: float, metric: MetricInfo, digits: int = 1) -> str:
    """A value: of a share in percent with ``digits`` decimals, else four significant digits.

    >>> value_text(0.7123, MetricInfo()), value_text(0.0123456, MetricInfo(name="mse", is_share=False))
    ('71.2 %', '0.01235')
    """
    return percent(value, digits) if metric.is_share else f"{value:.4g}"


def error_text(error: float, metric: MetricInfo) -> str:
    """A standard error, in the unit of a difference.

    >>> error_text(0.0123, MetricInfo()), error_text(0.0123, MetricInfo(name="mse", is_share=False))
    ('1.23', '0.0123')
    """
    return f"{100 * error:.2f}" if metric.is_share else f"{error:.3g}"


def gain_text(gain: float, metric: MetricInfo) -> str:
    """A signed difference, positive where it is better; of a share in percentage points.

    >>> gain_text(0.0123, MetricInfo()), gain_text(0.0123, MetricInfo(name="mse", is_share=False))
    ('+1.23', '+0.0123')
    """
    return points(gain) if metric.is_share else f"{gain:+.4g}"


def unit_text(metric: MetricInfo) -> str:
    """The unit of a difference, in words.

    >>> unit_text(MetricInfo()), unit_text(MetricInfo(name="mse", is_share=False, higher_is_better=False))
    ('percentage points', 'mse (lower is better; a gain above 0 is an improvement)')
    """
    if metric.is_share and metric.higher_is_better:
        return "percentage points"
    unit = "percentage points" if metric.is_share else metric.name
    return unit if metric.higher_is_better else f"{unit} (lower is better; a gain above 0 is an improvement)"


def axis_text(what: str, metric: MetricInfo) -> str:
    """An axis of the metric: ``what`` it was measured on, and the direction where less is better.

    >>> axis_text("validation", MetricInfo()), axis_text("validation", MetricInfo(name="mse", higher_is_better=False))
    ('validation accuracy', 'validation mse (lower is better)')
    """
    return f"{what} {metric.name}".strip() + ("" if metric.higher_is_better else " (lower is better)")


def title_text(metric: MetricInfo) -> str:
    """The name as a title.

    >>> title_text(MetricInfo()), title_text(MetricInfo(name="mse")), title_text(MetricInfo(name="mean_error"))
    ('Accuracy', 'MSE', 'Mean error')
    """
    words = metric.name.replace("_", " ")
    return words.upper() if metric.name in ("mse", "mae", "auroc", "f1", "r2") else words[:1].upper() + words[1:]


def values_word(metric: MetricInfo) -> str:
    """The plural.

    >>> values_word(MetricInfo()), values_word(MetricInfo(name="mse"))
    ('accuracies', 'values of mse')
    """
    return "accuracies" if metric.name == "accuracy" else f"values of {metric.name}"
