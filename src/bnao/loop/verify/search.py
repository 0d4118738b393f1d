"""A run of ``bnao search``: its result beside manifest, pool and state, and its networks built and measured again."""

from __future__ import annotations

from dataclasses import replace

from bnao.cost.latency_table import TableLatency
from bnao.data.words import examples_word
from bnao.errors import BnaoError
from bnao.evaluation.measure import measure
from bnao.loop.config import SearchConfig
from bnao.loop.given import Given
from bnao.loop.inputs import inputs_now, read_latency, run_config
from bnao.loop.result import RESULT, SearchResult, read_result
from bnao.loop.verify.arms import check_arms, check_choice, check_random
from bnao.loop.verify.checks import Checks
from bnao.loop.verify.folder import check_pool, check_published, pool_copy
from bnao.loop.verify.network import Claimed, Rebuilt, check_prepared, rebuilt
from bnao.loop.verify.ranking import check_ranking
from bnao.loop.verify.said import (
    check_early,
    check_latency,
    check_objective,
    check_settings,
    check_stages,
    search_settings,
)
from bnao.loop.verify.same_machine import begun_with, compare_machines, same_inputs
from bnao.loop.verify.scores import check_pool_sizes, check_scores
from bnao.loop.winner_file import WINNER
from bnao.loop.workbench import Workbench, delivered_network, make_workbench, num_threads, within_latency
from bnao.spaces.placing import place
from bnao.storage import Pool, RunFolder
from bnao.training.device import threads


def verify_search(
    run: RunFolder, checks: Checks, others: int, bench: Workbench | None, objects: Given, data: str | None
) -> str:
    """All checks of a search but those of its files. Why figures have to be equal to the bit, or not."""
    with pool_copy(run, checks) as pool:
        if run.status == "finished":
            check_published(run, (RESULT, WINNER), checks)
        config, result = search_settings(run, checks), None
        bench, why = _bench(run, checks, bench, objects, data)
        with threads(1 if bench is None else num_threads(bench.config)):
            if run.has(RESULT):
                with checks.guard("result"):
                    result = read_result(run)
            else:
                checks.unchecked("result", f"the search has not finished: `bnao resume {run.path}` goes on with it")
            if config is not None and result is not None:
                _check_said(run, config, result, pool, checks)
                _check_networks(run, config, result, bench, checks)
            if bench is not None and pool is not None:
                check_pool_sizes(bench, pool, checks)
                with checks.guard("scores"):
                    check_scores(bench, run, pool, None if result is None else result.winner.id, others, checks)
    check_ranking(run, checks)
    if result is not None:
        _leave(bench, checks)
    return why


def _check_said(run: RunFolder, config: SearchConfig, result: SearchResult, pool: Pool | None, checks: Checks) -> None:
    check_settings(run, config, result, checks)
    with checks.guard("stages"):
        check_stages(run, result, checks)
    with checks.guard("latency"):
        check_latency(run, config, result, checks)
    with checks.guard("arms"):
        check_choice(run, config, result, pool, checks)
    if pool is not None:
        with checks.guard("pool"):
            check_pool(run, result, pool, checks)
        with checks.guard("early check"):
            check_early(run, config, result, pool, checks)


def claimed(config: SearchConfig, result: SearchResult) -> Claimed:
    """What the result and the settings say of the delivered network."""
    winner = result.winner
    return Claimed(
        architecture=winner.architecture,
        id=winner.id,
        output=winner.output,
        num_params=winner.num_params,
        num_params_with_auxiliary=winner.num_params_with_auxiliary,
        macs=winner.macs,
        drawing=result.drawing,
        space=config.space,
        network=delivered_network(config),
        plugins=config.plugins,
    )


def _check_networks(
    run: RunFolder, config: SearchConfig, result: SearchResult, bench: Workbench | None, checks: Checks
) -> None:
    found = rebuilt(run, WINNER, claimed(config, result), None if bench is None else bench.space, checks)
    _check_limits(config, result, checks)
    check_random(bench, run, config, result, checks)
    if bench is not None:
        check_objective(bench, result, checks)
        if found is not None:
            _check_measured(bench, config, result, found, checks)
        with checks.guard("re-ranking"):
            check_arms(bench, run, result, checks)


def _check_limits(config: SearchConfig, result: SearchResult, checks: Checks) -> None:
    """The delivered network keeps the hard limits of the settings."""
    for name, limit, value in (
        ("max_params", config.limits.max_params, result.winner.num_params),
        ("max_macs", config.limits.max_macs, result.winner.macs),
    ):
        if limit is not None and value > limit:
            checks.differs(f"limit {name}", f"{value:,}, more than {limit:,}", limit, value)
        elif limit is not None:
            checks.agrees(f"limit {name}", f"{value:,} of at most {limit:,}")


def _check_measured(
    bench: Workbench, config: SearchConfig, result: SearchResult, found: Rebuilt, checks: Checks
) -> None:
    """The delivered network on the held-out data."""
    with checks.guard("held out"):
        winner, metric = result.winner, bench.objective.metric.name
        test = bench.held_out.open().to(bench.device)
        said = f"{len(test.images):,} {examples_word(config.data.source)}, {test.measured}"
        checks.same("measured on", winner.measured_on, said, said)
        check_prepared(found.delivered, bench.task, bench.data.train, checks)
        again = measure(place(found.module, bench.device), test.images, bench.objective)
        checks.close("held out", winner.test_metric, again.metric, f"{metric} on {said}:")
        checks.close("standard error", winner.test_standard_error, again.standard_error, "standard error")


def _bench(
    run: RunFolder, checks: Checks, bench: Workbench | None, objects: Given, data: str | None
) -> tuple[Workbench | None, str]:
    """Data, space and networks, as the run was begun with; None where they are not to be had. And why they differ."""
    before = begun_with(run, checks)
    if before is None:
        return None, "it does not say what it was begun with"
    try:
        if bench is None:
            config = run_config(run)
            config = config if data is None else replace(config, data=replace(config.data, source=data))
            bench = _with_latency(make_workbench(config, begun=True, given=objects), run, objects)
        now = inputs_now(bench)
    except BnaoError as error:
        checks.unchecked(
            "data",
            f"a run folder holds no images and no code of yours, only their hashes: what is measured on them is "
            f"left out ({error}). Put them back, or say where they are, `bnao verify {run.path} --data ...`; "
            f"what was given in Python is given again, bnao.verify({str(run.path)!r}, ...)",
        )
        return None, "the data or the model could not be had"
    why = compare_machines(run.manifest.versions, before, now, checks)
    names = {"data": "images or labels", "plugins": "plugin files", "space": "the model's choices"}
    if not same_inputs(before, now, names, checks):
        return None, why
    checks.agrees("data", f"{bench.config.data.source}: training and validation examples are those of the run")
    return bench, why


def _with_latency(bench: Workbench, run: RunFolder, objects: Given) -> Workbench:
    """``bench`` with the latencies that limit it: the run's table, or the function that is given again."""
    if bench.config.limits.max_latency_ms is None:
        return bench
    table = read_latency(run)
    latency = objects.latency if table is None else TableLatency(table, bench.delivered.skeleton)
    return bench if latency is None else within_latency(bench, latency, begun=True)


def _leave(bench: Workbench | None, checks: Checks) -> None:
    if bench is None:
        checks.leave("all that is measured on data, and the pool's sizes and scores: the data were not to be had")
    else:
        checks.leave("the scores of the pool but those named above, and what the controller predicted")
    checks.leave("times, threads, figures of the stages, coverage, and the epochs in the log")
    checks.leave(
        "that the weights come from this seed, recipe and these training images alone: only searching again by the "
        "manifest's settings shows it"
    )
