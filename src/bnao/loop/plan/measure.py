"""All measurements of a plan, on throwaway copies: nothing is written, and no random stream of the search is read."""

from __future__ import annotations

import gc
from collections.abc import Callable

from bnao.cost.latency import Setting, measure_networks
from bnao.cost.latency_table import TableLatency
from bnao.cost.timing import measure_ms
from bnao.loop.plan.alone import measure_alone
from bnao.loop.plan.costs import Costs, UnitCost
from bnao.loop.plan.machine import OtherPrograms, memory_words, resident_bytes
from bnao.loop.plan.probe import STREAM, Probe, undisturbed
from bnao.loop.plan.proposing import measure_controller
from bnao.loop.plan.shared import measure_supernet
from bnao.loop.workbench import Workbench, num_threads
from bnao.rng import generator
from bnao.training.device import threads
from bnao.training.memory import keeping_freed_memory

MOST_POOL = 400  # architectures drawn; a larger pool's cost is scaled from theirs
KINDS = 5  # measurements that progress counts


def measure_costs(bench: Workbench, probe: Probe, on_done: Callable[[int], None] = lambda done: None) -> Costs:
    """Time steps, scores, epochs and evaluations as the settings have them, about ``probe.seconds`` for each kind.

    Raises BnaoError where the search itself would, such as a dataset that gives no batch.
    """
    config = bench.config
    base, others = resident_bytes(bench.device), OtherPrograms(num_threads(config))
    with threads(num_threads(config)), keeping_freed_memory(), undisturbed():
        begin = probe.clock()
        wanted = max(config.loop.pool, len(bench.known))
        pool = bench.feasible.sample_distinct(min(wanted, MOST_POOL), generator(probe.seed, STREAM, "pool"))
        space = len(pool) if len(pool) < min(wanted, MOST_POOL) else None
        bench.delivered.sizes.num_params(pool)
        drawing = (probe.clock() - begin) * (wanted / min(wanted, MOST_POOL))
        on_done(1)
        supernet = measure_supernet(bench, pool, probe)
        gc.collect()
        on_done(2)
        rerank = measure_alone(bench, bench.rerank, pool, config.rerank.training, bench.data.train, probe)
        gc.collect()
        on_done(3)
        final = rerank
        if config.final.mode != "rerank":
            both = bench.data.train.joined(bench.data.valid)
            training = config.final.training if config.final.trains else None
            final = measure_alone(bench, bench.delivered, pool, training, both, probe)
        gc.collect()
        on_done(4)
        epoch, propose = UnitCost(seconds=0.0), 0.0
        if config.loop.rounds > 1 or bench.known:
            epoch, propose = measure_controller(bench, pool, probe)
        latency = 0.0
        if isinstance(bench.latency, TableLatency):
            begin = probe.clock()
            setting = Setting(device=bench.device, batch=config.limits.latency_batch, meter=measure_ms)
            measure_networks(bench.delivered.skeleton, pool[:2], setting)
            latency = (probe.clock() - begin) / len(pool[:2])
        on_done(KINDS)
    return Costs(
        step=supernet.step,
        cold=supernet.cold,
        miss=supernet.miss,
        score=supernet.score,
        rerank=rerank,
        final=final,
        epoch=epoch,
        propose=propose,
        latency=latency,
        between=supernet.build + drawing,
        space=space,
        busy=others.share(),
        base_memory=base,
        supernet_memory=supernet.supernet_memory,
        step_memory=supernet.step_memory,
        score_memory=supernet.score_memory,
        memory_how=memory_words(bench.device),
    )
