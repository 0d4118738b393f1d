"""What a ranking came to, as plain values: ``ranking.json``, and its rows as ``ranking.csv``."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from bnao.errors import RunError
from bnao.loop.rank.plan import RankPlan, open_ranking, whole
from bnao.objective.info import MetricInfo
from bnao.ranking import RankingReport
from bnao.storage import RunFolder, from_dict
from bnao.storage.files import json_bytes, write_atomic

STATISTICS = 2
"""Which way of computing the report this is: a ranking of another is computed again from its trainings."""
RANKING = "ranking.json"
CSV = "ranking.csv"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One architecture of the sample: the run's metric on held-out data; sizes of the network trained alone."""

    id: str
    architecture: str
    origin: str  # what proposed it
    round: int  # that brought it
    num_params: int
    macs: int
    live_params: int | None  # without what does not reach the output; None where the space cannot say
    operations: list[int]  # how often each of the result's ``operations`` occurs
    scores: list[float | None]  # one for each of the result's ``rounds``; None: not yet in the pool
    metric: float | None  # None: the training diverged, or the metric is not defined
    second_metric: float | None  # of the other seed
    seconds: float  # of its trainings


@dataclass(frozen=True, kw_only=True)
class RankingResult:
    """A whole ranking. ``report`` judges the scores of the last of ``rounds`` by the metric of all ``rows``."""

    plan: RankPlan
    pool_size: int  # architectures that were drawn from
    score_name: str
    measured_on: str  # which examples, in words
    rounds: list[int]
    operations: list[str]
    report: RankingReport
    rows: list[Row]
    metric: MetricInfo = field(default_factory=MetricInfo)  # what the truth is
    examples: str = "images"  # what it was measured on are called
    warnings: list[str] = field(default_factory=list)
    statistics: int = 1  # of STATISTICS; a file that does not name it is of the first


def read_ranking(run: RunFolder) -> RankingResult | None:
    """The ranking of a searched run; None where none is finished. Raises RunError where it is damaged."""
    with whole(run):
        folder = open_ranking(run)
        return None if folder is None else ranking_of(folder)


def readable_ranking(run: RunFolder) -> tuple[RankingResult | None, str]:
    """The ranking, or None and why it cannot be read: what only tells of it goes on without. Never raises RunError."""
    try:
        return read_ranking(run), ""
    except RunError as error:
        return None, f"the ranking is left out, for it is damaged: {error}"


def ranking_of(folder: RunFolder) -> RankingResult | None:
    """The result in a ranking's own folder; None before it is finished. Raises RunError where it is damaged."""
    if not folder.has(RANKING):
        return None
    return from_dict(RankingResult, folder.read_json(RANKING), source=f"{folder.path}/{RANKING}")


def csv_text(result: RankingResult) -> str:
    """The rows as CSV, numbers in full precision, an empty cell for None."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    own = ("id", "architecture", "origin", "round", "num_params", "macs", "live_params")
    measured = ("metric", "second_metric", "seconds")
    scores = [f"score_round_{number}" for number in result.rounds]
    writer.writerow([*own, *scores, *measured, *(f"num_{name}" for name in result.operations)])
    for row in result.rows:
        values = [getattr(row, name) for name in own] + row.scores + [getattr(row, name) for name in measured]
        writer.writerow([*(repr(v) if isinstance(v, float) else v for v in values), *row.operations])
    return text.getvalue()


def publish(result: RankingResult, run: RunFolder) -> Path:
    """Put ``ranking.csv`` and ``ranking.json`` at the top of the searched run, for people; where the last one lies.

    What is there already is left as it is, so a finished ranking can be read again where nothing can be written. Raises
    RunError.
    """
    place = run.path / RANKING
    _put(run.path / CSV, csv_text(result).encode("utf-8"))
    _put(place, json_bytes(result))
    return place


def _put(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_atomic(path, lambda file: file.write(content))
