"""A whole search, from the configuration to the measured winner (arXiv 1909.10815; METHOD, "The search")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from torch import nn

from bnao.controller import PROPOSERS, make_proposer
from bnao.cost.latency_table import LatencyTable
from bnao.data.words import examples_word
from bnao.errors import NumericalError, SettingError, require
from bnao.evaluation.measure import broken, measure
from bnao.loop.arms import Candidate, random_arm, train_arm
from bnao.loop.comparison import Arms, compare
from bnao.loop.config import SearchConfig
from bnao.loop.early_check import is_planned
from bnao.loop.front import POOL_LATENCY
from bnao.loop.given import NOTHING, OWN, Given
from bnao.loop.inputs import check_inputs, note_parts, read_inputs, write_inputs
from bnao.loop.latency import (
    kept_first,
    pool_latencies,
    search_latency,
    warn_of_choice,
    whole_latencies,
    winner_latency,
    with_latencies,
)
from bnao.loop.objective_check import check_objective, check_targets
from bnao.loop.plan.plan import PLAN, Plan, read_plan
from bnao.loop.plugins import load_plugins, trust_named
from bnao.loop.policy import search_policy
from bnao.loop.reranking import rerank, train_finalists
from bnao.loop.result import FINALIST, RANDOM, RESULT, SEARCHED, SearchResult, Winner, metric_info
from bnao.loop.rounds import Rounds, controller_config
from bnao.loop.source_run import open_source
from bnao.loop.stage_names import stage_names as stage_names
from bnao.loop.stages import StageLog
from bnao.loop.unread import unread_of_source, unread_settings
from bnao.loop.winner import FINAL, describe_winner, save_winner, train_winner
from bnao.loop.workbench import Workbench, make_workbench, num_threads, settled_words, within_latency
from bnao.rng import generator
from bnao.sampling import POLICIES
from bnao.storage import RunFolder, to_plain
from bnao.storage.manifest import versions
from bnao.training.device import threads
from bnao.training.memory import keeping_freed_memory


def prepare(
    config: SearchConfig,
    log: StageLog,
    *,
    begun: bool = False,
    given: Given = NOTHING,
    table: LatencyTable | None = None,
    latency_threads: int | None = None,
    usual: SearchConfig | None = None,
) -> Workbench:
    """Load the data, lay out the networks, and refuse what does not fit together. Raises BnaoError; writes nothing.

    ``begun``: the run has its pool already, so what it was made from is not needed any more. ``given``: what the
    settings call ``own``. ``table``: the latencies that the run has measured already; ``latency_threads``: how many to
    measure them with, where these are not the search's. ``usual``: the settings that ``config`` was begun with, so
    that unread ones are told of only where they were chosen.
    """
    load_plugins(config.plugins)  # first, for they may bring the policy or the proposer
    trust_named(config.plugins, log.warn)
    POLICIES.get(config.sampling.policy)  # a name that is not known is refused before the data are read
    PROPOSERS.get(config.controller.proposer)
    if config.supernet.source is not None and not begun:
        open_source(config)
    with threads(num_threads(config)), log.stage("data", "data and networks", None, "images"):
        bench = make_workbench(config, begun=begun, given=given)
        if words := settled_words(config, bench.config):
            log.listener.event("planned", text=words)
        check_budgets(bench)
        check_parts(bench)
        check_targets(bench)
    if config.limits.max_latency_ms is not None:
        with threads(latency_threads or num_threads(config)):
            bench = within_latency(bench, search_latency(bench, log, table, given.latency), begun=begun)
            check_parts(bench)
    elif given.latency is not None:
        raise SettingError("a function of latency is used by limits.max_latency_ms only; received none: set the limit")
    of_source = [] if config.data.source == OWN or config == usual else unread_of_source(config.data)
    for text in unread_settings(config, usual) + of_source:
        log.warn(text)
    return bench


def run_search(bench: Workbench, run: RunFolder, log: StageLog, plan: Plan | None = None) -> None:
    """Search, train, measure, or go on with what ``run`` holds already; everything is written to ``run``.

    ``plan`` is that of a new run, which keeps it. Raises BnaoError; KeyboardInterrupt, with all work kept up to there,
    where ``log.stop`` was asked for.
    """
    config = bench.config
    log.attach(run)
    if read_inputs(run) is None:
        with log.commit() as commit:  # one, so that no kill parts what cannot be had a second time
            write_inputs(commit, bench)
            if plan is not None:
                commit.write_json(PLAN, plan)
    else:
        check_inputs(bench, run)
        plan = read_plan(run)
    note_parts(bench.team, run, log)
    _say_started(bench, run, log)
    with threads(num_threads(config)), keeping_freed_memory(), run.pool() as pool:
        rounds = Rounds(bench, run, pool, log, plan)
        rounds.run()
        searched = rerank(bench, run, log, pool, rounds)
        control: list[Candidate] = []
        if config.rerank.num_random:
            drawn = random_arm(bench)
            title = f"stand-alone training of {len(drawn)} random ones"
            none = [None] * len(drawn)
            control = train_arm(bench, run, log, stage_name="random", title=title, architectures=drawn, scores=none)
        best, limit_ms = searched[0], config.limits.max_latency_ms
        whole = whole_latencies(bench, run, log, [*searched, *control])
        searched, control = (kept_first(arm, whole, limit_ms) for arm in (searched, control))
        warn_of_choice(bench, log, best, searched[0], whole)
        finalists = kept_first(train_finalists(bench, run, log, searched), whole, limit_ms)
        chosen = (finalists or searched)[0]
        module = train_winner(bench, run, log, chosen, rounds)
        arms = {SEARCHED: searched, RANDOM: control, FINALIST: finalists}
        winner, compared = _measure(bench, run, log, module, chosen, arms)
        result = SearchResult(
            recipe=run.manifest.recipe,
            seed=config.seed,
            space=config.space.name,
            space_size=bench.feasible.describe_count(),
            data=config.data.source,
            metric=metric_info(bench.objective.metric),
            winner=winner,
            trained=with_latencies(bench, compared.trained, whole),
            gain=compared.gain,
            gain_standard_error=compared.gain_standard_error,
            pool_size=len(pool),
            pool_by_round=list(pool.count_by_round().values()),
            stage_seconds=log.seconds,
            plan=plan,
            stage_figures=log.figures,
            warnings=log.warnings,
            drawing=bench.space.draw(chosen.architecture),
            threads=num_threads(config),
            processes=bench.team.group.size,
            parts=bench.team.parts,
            device=str(bench.device),
            versions=run.manifest.versions,
        )
        latencies = pool_latencies(bench, pool)
        with log.commit() as commit:
            commit.write_json(RESULT, result)
            if latencies:
                commit.write_json(POOL_LATENCY, latencies)
            commit.set_status("finished")
            commit.discard(FINAL)
    log.listener.event(
        "search_finished", seconds=round(sum(log.seconds.values()), 3), winner=winner.architecture, id=winner.id
    )


def _say_started(bench: Workbench, run: RunFolder, log: StageLog) -> None:
    config = bench.config
    if log.resumed and run.manifest.versions != versions():
        log.warn(
            f"this run was begun with {_text(run.manifest.versions)} and goes on with {_text(versions())}: "
            "its figures may differ from those of an undisturbed run"
        )
    log.listener.event(
        "search_started",
        recipe=run.manifest.recipe,
        seed=config.seed,
        space_size=bench.feasible.describe_count(),
        data=config.data.source,
        metric=to_plain(metric_info(bench.objective.metric)),
        num_train=len(bench.data.train),
        num_valid=len(bench.data.valid),
        held_out=bench.held_out.measured,
        device=str(bench.device),
        threads=num_threads(config),
        processes=bench.team.group.size,
        parts=bench.team.parts,
        stages=stage_names(config, check=is_planned(bench)),
        resumed_at=run.generation if log.resumed else None,
        finished=log.seconds if log.resumed else {},
    )


def _text(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _measure(
    bench: Workbench,
    run: RunFolder,
    log: StageLog,
    module: nn.Module,
    chosen: Candidate,
    found: Mapping[str, list[Candidate]],
) -> tuple[Winner, Arms]:
    """The delivered network and the best of each arm on held-out data, opened here and nowhere before."""
    with log.stage("measure", "measuring on held-out data", None, "images") as stage:
        test = bench.held_out.open().to(bench.device)
        word = examples_word(bench.config.data.source)
        final = measure(module, test.images, bench.objective)
        winner = describe_winner(bench, chosen, final, f"{len(test.images):,} {word}, {test.measured}")
        stage.figures.update({f"test_{bench.objective.metric.name}": final.metric})
        if not math.isfinite(final.loss):
            if broken(module, test.images):
                raise NumericalError(
                    "a finished network must answer with finite numbers; the winner's outputs on the "
                    f"{word} set aside are not, though these are, and its loss is {final.loss}: lower the "
                    "learning_rate or clip_norm of the training that made it (final.mode "
                    f"{bench.config.final.mode}), and search anew"
                )
            log.warn(
                f"the loss of the winner on the {word} set aside is {final.loss}: look for values in these data that "
                "are not finite (NaN or infinite); its figures may mean nothing"
            )
        winner = replace(winner, latency=winner_latency(bench, run, log, stage, chosen, module))
        arms = compare(bench, found, test)
        stage.keep(lambda commit: save_winner(bench, commit, winner, module))
    searched, control = len(found[SEARCHED]), len(found[RANDOM])
    if control and arms.gain is None:
        log.warn(
            f"{searched} searched and {control} random architectures were trained: best-of-k is only compared with "
            "best-of-k, so no gain is reported (leave rerank.random out for as many)"
        )
    return winner, arms


def check_budgets(bench: Workbench) -> None:
    """Refuse batches larger than their data before anything is trained."""
    config = bench.config
    num_train, num_valid = len(bench.data.train), len(bench.data.valid)
    trainings = [
        ("supernet", config.supernet.training, num_train),
        ("rerank", config.rerank.training, num_train),
        ("final", config.final.training, num_train + num_valid),
    ]
    for name, training, images in trainings:
        if name != "final" or config.final.trains:
            bench.data.train.augmented(training.augment)  # refuses what these data cannot do
            require(
                training.batch_size <= images,
                f"{name}.training.batch_size is at most the number of training images, {images}",
                training.batch_size,
                "lower it or use more images",
            )
    require(num_valid >= 2, "scoring needs at least 2 validation images", num_valid, "raise data.valid_fraction")


def check_parts(bench: Workbench) -> None:
    """Make the policy and the proposer once, so that their settings are refused early."""
    config = bench.config
    few = bench.feasible.sample_distinct(2, generator(config.seed, "check"))
    check_objective(bench, search_policy(bench, few, config.seed))
    make_proposer(controller_config(config, bench.device.type), bench.space.grammar, config.seed)
