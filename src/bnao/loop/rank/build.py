"""From finished trainings and the pool's scores to the result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bnao.data.words import examples_word
from bnao.errors import NumericalError
from bnao.loop.rank.counts import live_architectures, operation_counts
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.rank.noise import little_spread
from bnao.loop.rank.plan import FOLDER, Frame, RankPlan, left_out_words
from bnao.loop.rank.result import STATISTICS, RankingResult, Row
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
    notes: Sequence[str] = (),
) -> RankingResult:
    """The result from all trainings of the plan, with ``notes`` among its warnings.

    Raises NumericalError if fewer than 3 of them have a metric.
    """
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
    finite = [row.metric for row in rows if row.metric is not None]
    failed = [training.failure for training in trained.values() if training.failure]
    if len(finite) < FEWEST:
        raise NumericalError(
            f"a ranking needs {FEWEST} stand-alone trainings that stay finite; {len(finite)} of {len(rows)} did: "
            f"mend rerank.training in a new search ({failed[0]})"
        )
    warnings = [*notes]
    if frame.left_out:
        warnings.append(left_out_words(frame, str(run.path / FOLDER)))
    if failed:
        warnings.append(f"{len(failed)} of {len(trained)} trainings diverged and count as the worst ({failed[0]})")
    word, metric = examples_word(bench.config.data.source), metric_info(bench.objective.metric)
    num_examples = len(bench.held_out.open().images)
    alike = little_spread(finite, metric, num_examples, word)
    warnings += [alike] if alike else []
    return RankingResult(
        plan=plan,
        pool_size=len(frame.entries),
        score_name=str(run.read_json(SCORE_NAME)) if run.has(SCORE_NAME) else "score",
        measured_on=f"{num_examples:,} {word}, {bench.held_out.measured}",
        rounds=list(rounds),
        operations=operations.names,
        report=report_of(rows, list(rounds), plan, len(frame.entries), metric),
        rows=rows,
        metric=metric,
        examples=word,
        warnings=warnings,
        statistics=STATISTICS,
    )


def report_of(
    rows: Sequence[Row], rounds: Sequence[int], plan: RankPlan, pool_size: int, metric: MetricInfo
) -> RankingReport:
    """The report on the scores of the last round, which scored the whole pool. Some of ``rows`` have a metric.

    A training without one has diverged, the worst of outcomes: it counts as just below the worst of the others. Left
    out, a score that puts such an architecture first would be called true.
    """
    scores = {number: [_number(row.scores[k]) for row in rows] for k, number in enumerate(rounds)}
    seconds = _with_worst([row.second_metric for row in rows[: plan.second_seed]], metric)
    seconds += [math.nan] * (len(rows) - len(seconds))
    return report(
        scores[rounds[-1]],
        _with_worst([row.metric for row in rows], metric),
        [row.num_params for row in rows],
        live_sizes=None if rows[0].live_params is None else [row.live_params or 0 for row in rows],
        op_counts=[row.operations for row in rows] if rows[0].operations else None,
        rounds={f"round {number}": values for number, values in scores.items() if not all(map(math.isnan, values))},
        second_truth=None if all(map(math.isnan, seconds)) else seconds,
        metric=metric,
        whole=len(rows) == pool_size,
        seed=plan.seed,
    )


def _with_worst(values: Sequence[float | None], metric: MetricInfo) -> list[float]:
    """``values`` with the next worse number than their worst in the place of None; NaN where all are None.

    >>> _with_worst([0.5, None, 0.25], MetricInfo()) == [0.5, math.nextafter(0.25, 0), 0.25]
    True
    >>> _with_worst([0.0, None], MetricInfo())  # there is no worse accuracy
    [0.0, 0.0]
    """
    finite = [value for value in values if value is not None]
    if not finite:
        return [math.nan] * len(values)
    worst = math.nextafter(min(finite), -math.inf) if metric.higher_is_better else math.nextafter(max(finite), math.inf)
    worst = min(max(worst, 0.0), 1.0) if metric.is_share else worst
    return [worst if value is None else value for value in values]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
