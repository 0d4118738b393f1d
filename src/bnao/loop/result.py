"""What a search found, as plain values: written to ``result.json``, read by ``bnao show`` and the summary.

Metrics are in their own units (an accuracy in [0, 1]); times in seconds; sizes are of the delivered module, without
the auxiliary head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bnao.loop.plan.plan import Plan
from bnao.loop.ranges import Ranges
from bnao.objective.info import MetricInfo as MetricInfo
from bnao.objective.info import metric_info as metric_info
from bnao.storage import RunFolder, from_dict

RESULT = "result.json"  # the file of the run's state that holds the SearchResult
SCORE_NAME = "score_name.json"  # the one that says what the scores are


SEARCHED, RANDOM, FINALIST = "searched", "random", "finalist"
"""The arms. Finalists are searched ones, trained again for longer."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One architecture trained alone with the budget of its arm: finalists with a longer one."""

    architecture: str
    id: str
    arm: str  # searched, random or finalist
    stage: str = "rerank"  # that trained it
    score: float | None  # one-shot score (higher is better), None where it was not scored
    valid_metric: float
    test_metric: float | None  # measured only for each arm's best, after the choice
    num_params: int
    macs: int
    seconds: float
    latency_ms: float | None = None  # of the delivered network of this architecture, where latency is limited


@dataclass(frozen=True, kw_only=True)
class WinnerLatency:
    """Latency of the delivered network in milliseconds, where it is limited.

    ``whole_ms`` is the median of the network itself, measured after its training, ``spread_ms`` half the distance of
    the quartiles; both None where a function of your own gave the latency. ``table_error``: relative error that the
    table's predictions were found to have.
    """

    limit_ms: float
    predicted_ms: float  # by the table that the search kept the limit by, or by your function
    whole_ms: float | None = None
    spread_ms: float | None = None
    table_error: float | None = None
    where: str = ""  # device, threads and batch, in words

    @property
    def breaks(self) -> bool:
        """Whether the whole network exceeds the limit by more than the spread."""
        return self.whole_ms is not None and self.whole_ms - (self.spread_ms or 0.0) > self.limit_ms


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The delivered network."""

    architecture: str
    id: str
    mode: str  # retrain | fine_tune | inherit | rerank
    output: str  # concat | project; empty where the space has one form only
    test_metric: float
    test_standard_error: float
    measured_on: str  # which data, in words
    num_params: int
    num_params_with_auxiliary: int
    macs: int
    latency: WinnerLatency | None = None  # where it is limited


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """Outcome of a whole search. ``gain``: by how much the best of k searched is better than of k random, held out."""

    recipe: str
    seed: int
    space: str
    space_size: str
    data: str
    winner: Winner
    metric: MetricInfo = field(default_factory=MetricInfo)
    trained: list[Trained] = field(default_factory=list)
    gain: float | None = None
    gain_standard_error: float | None = None
    pool_size: int = 0
    pool_by_round: list[int] = field(default_factory=list)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    stage_figures: dict[str, dict[str, float]] = field(default_factory=dict)
    plan: Plan | None = None  # of the time, where max_minutes made one
    warnings: list[str] = field(default_factory=list)
    drawing: str = ""  # the winner as text
    threads: int = 1  # of each process
    processes: int = 1
    parts: int = 1  # of a training batch, for each of gradient_accumulation
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)


def read_result(run: RunFolder) -> SearchResult:
    """The result of a finished run. Raises RunError if there is none, or it is damaged."""
    return result_from(run.read_json(RESULT), f"{run.path}/{RESULT}")


def result_from(plain: Any, source: str) -> SearchResult:
    """The result that ``plain`` values of the file ``source`` are. Raises RunError for what no search comes to."""
    result, ranges = from_dict(SearchResult, plain, source=source), Ranges(source)
    winner, sizes = result.winner, ("num_params", "num_params_with_auxiliary", "macs")
    ranges.counts([("pool_size", result.pool_size), *((f"winner.{name}", getattr(winner, name)) for name in sizes)])
    ranges.counts(("pool_by_round", number) for number in result.pool_by_round)
    ranges.not_negative([("winner.test_standard_error", winner.test_standard_error)])
    ranges.not_negative([("gain_standard_error", result.gain_standard_error)])
    metrics = [("winner.test_metric", winner.test_metric)]
    for number, entry in enumerate(result.trained):
        where = f"trained[{number}]"
        ranges.counts([(f"{where}.num_params", entry.num_params), (f"{where}.macs", entry.macs)])
        metrics += [(f"{where}.valid_metric", entry.valid_metric)]
        metrics += [] if entry.test_metric is None else [(f"{where}.test_metric", entry.test_metric)]
    if result.metric.is_share:
        ranges.shares(metrics, undefined=True)
    return result
