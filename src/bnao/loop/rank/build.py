"""From finished trainings and the pool's scores to the result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bnao.data.words import examples_word
from bnao.errors import NumericalError
from bnao.loop.rank.counts import live_architectures, operation_counts
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.rank.plan import Frame, RankPlan
from bnao.loop.rank.result import RankingResult, Row
from bnao.loop.result import SCORE_NAME
from bnao.loop.workbench import Workbench
from bnao.objective.info import MetricInfo, metric_info
from bnao.ranking import RankingReport, report
from bnao.ranking.inputs import FEWEST
from bnao.storage import Pool, PoolEntry, RunFolder


def scored_rounds(run: RunFolder, ids: Sequence[str]) -> dict[int, dict[str, float]]:
    """The scores of each round by id, of the rounds that scored any of ``ids``."""
    found: dict[int, dict[str, float]] = {}
    with Pool(run.pool_path) as pool:
        history = pool.all_scores()
    for id in ids:
        for record in history.get(id, []):
            found.setdefault(record.round, {})[id] = record.score
    return dict(sorted(found.items()))


def build_result(
    bench: Workbench,
    run: RunFolder,
    plan: RankPlan,
    frame: Frame,
    sample: Sequence[PoolEntry],
    trained: Mapping[str, Training],
) -> RankingResult:
    """The result from all trainings of the plan. Raises NumericalError if fewer than 3 of them have a metric."""
    architectures = [bench.space.grammar.parse(entry.text) for entry in sample]
    sizes, macs = bench.rerank.sizes.num_params(architectures), bench.rerank.sizes.macs(architectures)
    live = live_architectures(bench.space, architectures)
    live_sizes = None if live is None else bench.rerank.sizes.num_params(live)
    operations = operation_counts(bench.space, architectures)
    rounds = scored_rounds(run, [entry.id for entry in sample])
    rows = []
    for k, entry in enumerate(sample):
        first = trained[Job(entry.id, entry.text).key]
        second = trained[Job(entry.id, entry.text, second=True).key] if k < plan.second_seed else None
        rows.append(
            Row(
                id=entry.id,
                architecture=entry.text,
                origin=entry.origin,
                round=entry.round,
                num_params=int(sizes[k]),
                macs=int(macs[k]),
                live_params=None if live_sizes is None else int(live_sizes[k]),
                operations=operations.counts_PO[k],
                scores=[scores.get(entry.id) for scores in rounds.values()],
                metric=first.metric,
                second_metric=None if second is None else second.metric,
                seconds=first.seconds + (0.0 if second is None else second.seconds),
            )
        )
    judged = [row for row in rows if row.metric is not None]
    failed = [training.failure for training in trained.values() if training.failure]
    if len(judged) < FEWEST:
        raise NumericalError(
            f"a ranking needs {FEWEST} stand-alone trainings that stay finite; {len(judged)} of {len(rows)} did: "
            f"mend rerank.training in a new search ({failed[0]})"
        )
    warnings = [f"{len(failed)} of {len(trained)} trainings diverged and are left out ({failed[0]})"] if failed else []
    if len(judged) == len(frame.entries):
        warnings.append("all of the pool was trained alone: only a run with a larger pool can say more")
    word, metric = examples_word(bench.config.data.source), metric_info(bench.objective.metric)
    return RankingResult(
        plan=plan,
        pool_size=len(frame.entries),
        score_name=str(run.read_json(SCORE_NAME)) if run.has(SCORE_NAME) else "score",
        measured_on=f"{len(bench.held_out.open().images):,} {word}, {bench.held_out.measured}",
        rounds=list(rounds),
        operations=operations.names,
        report=report_of(judged, list(rounds), plan.seed, metric),
        rows=rows,
        metric=metric,
        examples=word,
        warnings=warnings,
    )


def report_of(rows: Sequence[Row], rounds: Sequence[int], seed: int, metric: MetricInfo) -> RankingReport:
    """The report on the scores of the last round, which scored the whole pool; all ``rows`` have a metric."""
    scores = {number: [_number(row.scores[k]) for row in rows] for k, number in enumerate(rounds)}
    seconds = [_number(row.second_metric) for row in rows]
    return report(
        scores[rounds[-1]],
        [_number(row.metric) for row in rows],
        [row.num_params for row in rows],
        live_sizes=None if rows[0].live_params is None else [row.live_params or 0 for row in rows],
        op_counts=[row.operations for row in rows] if rows[0].operations else None,
        rounds={f"round {number}": values for number, values in scores.items() if not all(map(math.isnan, values))},
        second_truth=None if all(map(math.isnan, seconds)) else seconds,
        metric=metric,
        seed=seed,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
