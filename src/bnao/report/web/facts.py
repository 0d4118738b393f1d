"""All that a page says about a run, read from its folder alone; a run that has not finished has less of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bnao.errors import SettingError
from bnao.loop.check_result import CheckResult, read_check
from bnao.loop.coverage import Coverage, read_coverage
from bnao.loop.front import read_latencies
from bnao.loop.rank.result import RankingResult
from bnao.loop.result import RESULT, SCORE_NAME, MetricInfo, SearchResult, read_result
from bnao.loop.stages import Progress, read_progress
from bnao.report.ranking_state import read_state
from bnao.report.stage import SearchClock
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, make_space
from bnao.spaces.config import SpaceConfig
from bnao.storage import Pool, PoolEntry, RunFolder, ScoreRecord, from_dict
from bnao.storage.pool import latest_round


@dataclass(frozen=True)
class LearningCurve:
    """One training's epochs; ``architecture`` is an id, or None for a supernet and the final training."""

    stage: str
    architecture: str | None
    epochs: list[dict[str, float]]

    def points(self, figure: str) -> list[tuple[float, float]]:
        """(epoch, figure) pairs."""
        return [(epoch["epoch"], epoch[figure]) for epoch in self.epochs if figure in epoch]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the folder says. ``scores`` are all scores of each architecture, in the order of ``entries``."""

    run: RunFolder
    space: SearchSpace | None  # None: a space that is not registered here
    config: Mapping[str, Any]
    result: SearchResult | None
    progress: Progress
    started: Mapping[str, Any]
    sampling: str
    entries: list[PoolEntry] = field(default_factory=list)
    scores: list[list[ScoreRecord]] = field(default_factory=list)
    score_name: str = "score"
    coverage: Coverage | None = None
    curves: list[LearningCurve] = field(default_factory=list)
    latencies: Mapping[str, float] = field(default_factory=dict)  # ms by id of the pool, where latency is limited
    check: CheckResult | None = None  # after round 1
    ranking: RankingResult | None = None  # of `bnao rank`
    ranking_damage: str = ""  # why it cannot be read
    ranking_unfinished: str = ""  # in words, of one that is begun
    current: str | None = None  # title of the running stage

    @property
    def metric(self) -> MetricInfo:
        """What networks are judged by: an accuracy until a run says otherwise."""
        if self.result is not None:
            return self.result.metric
        return from_dict(MetricInfo, self.started.get("metric", {}), source="the events")

    @property
    def last_round(self) -> int | None:
        """The latest round of scores; None before the first."""
        return latest_round(self.entries)

    @property
    def scored(self) -> list[tuple[PoolEntry, float]]:
        """The architectures scored in the latest round, and these scores: all by one supernet, so comparable."""
        last = self.last_round
        return [(e, e.score) for e in self.entries if e.score is not None and e.score_round == last]

    @property
    def warnings(self) -> list[str]:
        """What the search warned of, and a ranking that cannot be read."""
        found = list(self.result.warnings if self.result is not None else self.progress.warnings)
        return [*found, self.ranking_damage] if self.ranking_damage else found


def read_facts(run: RunFolder, space: SearchSpace | None = None) -> Facts:
    """Read a run. ``space``: that of a model of the user's own. Raises RunError where its files are damaged."""
    load_spaces()
    config = run.manifest.config
    events = run.events()
    entries, scores = _pool(run)
    clock = SearchClock(clock=lambda: 0.0)
    for event in events:
        clock.event(event["event"], event)
    finished = run.status == "finished"
    ranking = read_state(run)
    return Facts(
        run=run,
        space=_space(run) if space is None else space,
        config=config,
        result=read_result(run) if run.has(RESULT) else None,
        progress=read_progress(run) or Progress(),
        started=next((e for e in reversed(events) if e["event"] == "search_started"), {}),
        sampling=next((str(e.get("text", "")) for e in reversed(events) if e["event"] == "sampling"), ""),
        entries=entries,
        scores=scores,
        score_name=str(run.read_json(SCORE_NAME)) if run.has(SCORE_NAME) else "score",
        coverage=read_coverage(run),
        curves=_curves(events),
        latencies=read_latencies(run),
        check=read_check(run),
        ranking=ranking.result,
        ranking_damage=ranking.damage,
        ranking_unfinished=ranking.unfinished,
        current=None if finished or clock.current is None else clock.current.title,
    )


def _space(run: RunFolder) -> SearchSpace | None:
    try:
        return make_space(from_dict(SpaceConfig, run.manifest.config["space"], source=f"{run.path}/manifest.json"))
    except SettingError:
        return None


def _pool(run: RunFolder) -> tuple[list[PoolEntry], list[list[ScoreRecord]]]:
    if run.manifest.pool is None:  # before its first commit the file may be without tables, and opening would make them
        return [], []
    with Pool(run.pool_path) as pool:
        entries, history = pool.entries(), pool.all_scores()
        return entries, [history.get(e.id, []) for e in entries]


def _curves(events: list[dict[str, Any]]) -> list[LearningCurve]:
    """Of an epoch that a resumed run trained twice the last word counts."""
    found: dict[tuple[str, str | None], dict[int, dict[str, float]]] = {}
    for event in events:
        if event["event"] == "epoch" and isinstance(event.get("epoch"), int):
            key = (str(event.get("stage")), event.get("architecture"))
            figures = {k: float(v) for k, v in event.items() if isinstance(v, int | float)}
            found.setdefault(key, {})[event["epoch"]] = figures
    return [
        LearningCurve(stage, architecture, [epochs[k] for k in sorted(epochs)])
        for (stage, architecture), epochs in found.items()
    ]
