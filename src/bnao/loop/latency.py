"""Latency as a hard limit of a search: a table that is measured once, then whole networks before one is chosen.

Within the search an architecture's latency is the table's prediction, the same whenever it is asked for. A prediction
can be wrong by a few percent, so what is delivered is chosen among networks that were measured whole, by rank 0 while
other processes wait, with the table's number of threads and so by its clock. All of it is stored in the run: a resumed
one reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from bnao.cost.costs import Cost
from bnao.cost.latency import (
    PASSES,
    Setting,
    describe_device,
    measure_modules,
    measure_networks,
    measure_table,
    num_measurements,
    whole_network,
)
from bnao.cost.latency_table import LatencyTable, TableLatency
from bnao.cost.limit_check import amount
from bnao.cost.timing import Timing, measure_ms
from bnao.loop.arms import Candidate
from bnao.loop.inputs import read_latency, run_config
from bnao.loop.result import Trained, WinnerLatency
from bnao.loop.stages import Stage, StageLog
from bnao.loop.workbench import Workbench, delivered_network
from bnao.rng import generator
from bnao.storage import Commit, Pool, RunFolder, from_dict
from bnao.training.device import threads

TABLE_STAGE, WHOLE_STAGE = "latency", "latency-whole"
WHOLE, WINNER = "latency-whole.json", "latency-winner.json"
CANDIDATES = 256
"""Random architectures of which the whole networks that the table is fitted to are picked, from fast to slow."""
LARGE_ERROR, BUSY = 0.1, 0.1
"""Relative error of a table, and share of time lost to other processes, from which on it is warned of them."""


@dataclass(frozen=True)
class _Timings:
    by_id: dict[str, Timing]


def search_latency(
    bench: Workbench, log: StageLog, stored: LatencyTable | None = None, own: Cost | None = None
) -> Cost:
    """What ``max_latency_ms`` bounds: your ``own`` function, or a table: the ``stored`` one, else measured now.

    ``bench`` keeps the other limits. Torch's threads are those of the caller, and those of all that is measured after.
    A search on another run's supernet takes that run's table where it was measured of the same network on the same kind
    of device with the same threads and batch.
    """
    if own is not None:
        return own
    table = stored or _table_of_source(bench) or _measured(bench, log)
    if table.error is not None and table.error > LARGE_ERROR:
        log.warn(
            f"the table of latencies predicts whole networks with an error of {100 * table.error:.0f} %: the search "
            "keeps max_latency_ms by this table, and only the networks trained alone are measured whole"
        )
    if table.busy > BUSY:
        log.warn(
            f"other processes had the CPU for {100 * table.busy:.0f} % of the time while latencies were measured: on "
            "an idle machine networks may be faster, and another architecture may keep max_latency_ms"
        )
    return TableLatency(table, bench.delivered.skeleton)


def _measured(bench: Workbench, log: StageLog) -> LatencyTable:
    skeleton, limits = bench.delivered.skeleton, bench.config.limits
    candidates = bench.feasible.sample(CANDIDATES, generator(bench.config.seed, "latency"))
    total, pieces = num_measurements(skeleton, candidates), skeleton.catalogue.timed_macs() is None
    with log.stage(
        TABLE_STAGE, "latency of the network's pieces" if pieces else "latency of whole networks", total, "measurements"
    ) as stage:
        table = measure_table(
            skeleton,
            candidates,
            device=bench.device,
            batch=limits.latency_batch,
            meter=measure_ms,
            on_done=stage.progress,
        )
        if table.error is not None:
            stage.figures.update(relative_error=table.error)
    return table


def _table_of_source(bench: Workbench) -> LatencyTable | None:
    config = bench.config
    if config.supernet.source is None:
        return None
    source = RunFolder.open(config.supernet.source)
    table = read_latency(source)
    if table is None or delivered_network(run_config(source)) != delivered_network(config):
        return None
    now = (describe_device(bench.device), torch.get_num_threads(), config.limits.latency_batch)
    return table if (table.device, table.threads, table.batch) == now else None


def whole_latencies(
    bench: Workbench, run: RunFolder, log: StageLog, candidates: Sequence[Candidate]
) -> dict[str, Timing]:
    """By id the whole delivered networks of ``candidates``, measured once; empty unless a table is the limit's.

    They are measured as they would be delivered, with new weights: the re-ranking's networks may be smaller.
    """
    if not isinstance(bench.latency, TableLatency):
        return {}
    if not log.done(WHOLE_STAGE):
        distinct = list({c.architecture.id: c.architecture for c in candidates}.values())
        total = PASSES * len(distinct)
        with log.stage(WHOLE_STAGE, "latency of whole networks", total, "measurements") as stage:
            skeleton = bench.delivered.skeleton
            with threads(bench.latency.table.threads):
                timings = measure_networks(skeleton, distinct, _setting(bench), stage.progress)
            found = {a.id: timing for a, timing in zip(distinct, timings, strict=True)}
            stage.figures.update(fastest_ms=min(t.median_ms for t in timings))
            stage.keep(lambda commit: commit.write_json(WHOLE, found))
    return stored_timings(run)


def stored_timings(run: RunFolder) -> dict[str, Timing]:
    """By id what the run has measured of whole networks. Raises RunError if it is damaged."""
    found = from_dict(_Timings, {"by_id": run.read_json(WHOLE)}, source=f"{run.path}/{WHOLE}")
    return found.by_id


def kept_first(arm: Sequence[Candidate], whole: Mapping[str, Timing], limit_ms: float | None) -> list[Candidate]:
    """The candidates whose whole network keeps the limit, in their order; then the others, the fastest first."""
    if limit_ms is None or not whole:
        return list(arm)
    return sorted(arm, key=lambda c: ms if (ms := whole[c.architecture.id].median_ms) > limit_ms else 0.0)


def warn_of_choice(
    bench: Workbench, log: StageLog, best: Candidate, chosen: Candidate, whole: Mapping[str, Timing]
) -> None:
    """Say where the limit changed the choice, or could not be kept. ``best`` is the first by validation accuracy."""
    limit = bench.config.limits.max_latency_ms
    if limit is None or not whole:
        return
    best_ms, chosen_ms = (whole[c.architecture.id].median_ms for c in (best, chosen))
    if chosen_ms > limit:
        lower = amount(limit * limit / chosen_ms)
        log.warn(
            f"NO network of the searched arm keeps max_latency_ms = {limit:,}: measured whole, the fastest takes "
            f"{amount(chosen_ms, up=True)} ms. It is delivered all the same, and BREAKS THE LIMIT. Search with a "
            f"larger rerank.top, or `bnao pick RUN --max-latency-ms {lower}`"
        )
    elif best_ms > limit:
        log.warn(
            f"the searched network that was best on validation ({best.architecture.id[:8]}) takes "
            f"{amount(best_ms, up=True)} ms measured whole, more than max_latency_ms = {limit:,} allows: the best of "
            f"those that keep it ({chosen.architecture.id[:8]}, {amount(chosen_ms)} ms) was chosen"
        )


def with_latencies(bench: Workbench, trained: Sequence[Trained], whole: Mapping[str, Timing]) -> list[Trained]:
    """Each with the latency of its delivered network: measured whole, or what your function says."""
    if bench.latency is None:
        return list(trained)
    predicted = bench.latency.values([bench.space.grammar.parse(t.architecture) for t in trained])
    return [
        replace(t, latency_ms=whole[t.id].median_ms if t.id in whole else float(ms))
        for t, ms in zip(trained, predicted, strict=True)
    ]


def winner_latency(
    bench: Workbench, run: RunFolder, log: StageLog, stage: Stage, chosen: Candidate, module: nn.Module
) -> WinnerLatency | None:
    """The delivered network, measured once, within ``stage``; None where no latency was asked for."""
    limit, latency = bench.config.limits.max_latency_ms, bench.latency
    if limit is None or latency is None:
        return None
    if run.has(WINNER):
        return from_dict(WinnerLatency, run.read_json(WINNER), source=f"{run.path}/{WINNER}")
    found = WinnerLatency(limit_ms=limit, predicted_ms=float(latency.values([chosen.architecture])[0]))
    if isinstance(latency, TableLatency):
        setting = _setting(bench)
        with threads(latency.table.threads):
            [timing] = measure_modules([whole_network(bench.delivered.skeleton, module, setting)], setting)
        found = replace(
            found,
            whole_ms=timing.median_ms,
            spread_ms=timing.spread_ms,
            table_error=latency.table.error,
            where=latency.table.where,
        )
    if found.breaks:
        assert found.whole_ms is not None and found.spread_ms is not None
        log.warn(
            f"the delivered network takes {amount(found.whole_ms, up=True)} ± {amount(found.spread_ms)} ms measured "
            f"whole, more than max_latency_ms = {limit:,} allows"
        )

    def keep(commit: Commit) -> None:
        commit.write_json(WINNER, found)

    stage.keep(keep)
    return found


def pool_latencies(bench: Workbench, pool: Pool) -> dict[str, float]:
    """By id what the search held each architecture of the pool to take, in milliseconds; empty where not limited."""
    if bench.latency is None:
        return {}
    entries = pool.entries()
    predicted = bench.latency.values([bench.space.grammar.parse(entry.text) for entry in entries])
    return {entry.id: float(ms) for entry, ms in zip(entries, predicted, strict=True)}


def _setting(bench: Workbench) -> Setting:
    return Setting(device=bench.device, batch=bench.config.limits.latency_batch, meter=measure_ms)
