"""A whole search, from the configuration to the measured winner (arXiv 1909.10815; METHOD, "The search")."""

from __future__ import annotations

import time

from bnao.arch.counts import count_text
from bnao.controller import make_proposer
from bnao.data.images import TestData
from bnao.errors import require
from bnao.evaluation.measure import measure, paired_standard_error
from bnao.loop.arms import Candidate, random_arm, top_of_pool, train_arm
from bnao.loop.config import SearchConfig
from bnao.loop.result import SearchResult, Trained
from bnao.loop.rounds import Rounds, controller_config
from bnao.loop.stages import StageLog
from bnao.loop.unread import unread_settings
from bnao.loop.winner import describe_winner, save_winner, train_winner
from bnao.loop.workbench import Workbench, make_workbench, num_threads
from bnao.rng import generator
from bnao.sampling import make_policy
from bnao.storage import RunFolder
from bnao.training.device import threads
from bnao.training.loop import num_steps


def prepare(config: SearchConfig, log: StageLog) -> Workbench:
    """Load the data, lay out the networks, and refuse what does not fit together. Raises BnaoError; writes nothing."""
    with threads(num_threads(config)), log.stage("data", "data and networks", None, "images"):
        bench = make_workbench(config)
        _check_budgets(bench)
        _check_parts(bench)
    for text in unread_settings(config):
        log.warn(text)
    return bench


def run_search(bench: Workbench, run: RunFolder, log: StageLog) -> SearchResult:
    """Search, train, measure; everything is written to ``run``. Raises BnaoError."""
    start, config, listener = time.monotonic(), bench.config, log.listener
    with threads(num_threads(config)):
        listener.event(
            "search_started",
            recipe=run.manifest.recipe,
            seed=config.seed,
            space_size=count_text(bench.feasible.count()),
            data=config.data.source,
            num_train=len(bench.data.train),
            num_valid=len(bench.data.valid),
            held_out=bench.held_out.measured,
            device=str(bench.device),
            threads=num_threads(config),
            stages=stage_names(config),
        )
        with run.pool() as pool:
            rounds = Rounds(bench, run, pool, log)
            rounds.run()
            tops, scores = top_of_pool(bench, pool, config.rerank.top)
            searched = train_arm(
                bench,
                run,
                log,
                stage_name="rerank",
                title=f"stand-alone training of the top {len(tops)}",
                architectures=tops,
                scores=scores,
            )
            control: list[Candidate] = []
            if config.rerank.num_random:
                drawn = random_arm(bench)
                control = train_arm(
                    bench,
                    run,
                    log,
                    stage_name="random",
                    title=f"stand-alone training of {len(drawn)} random ones",
                    architectures=drawn,
                    scores=[None] * len(drawn),
                )
            module = train_winner(bench, log, searched[0], rounds)
            with log.stage("measure", "measuring on held-out data", None, "images") as stage:
                test = bench.held_out.open().to(bench.device)
                final = measure(module, test.images)
                winner = describe_winner(bench, searched[0], final, f"{len(test.images):,} images, {test.measured}")
                stage.figures.update(test_accuracy=final.accuracy)
                save_winner(bench, run, winner, module)
                trained, gain, error = _compare(bench, searched, control, test)
            if control and gain is None:
                log.warn(
                    f"{len(searched)} searched and {len(control)} random architectures were trained: best-of-k is only "
                    "compared with best-of-k, so no gain is reported (set rerank.random to rerank.top)"
                )
            result = SearchResult(
                recipe=run.manifest.recipe,
                seed=config.seed,
                space=config.space.name,
                space_size=count_text(bench.feasible.count()),
                data=config.data.source,
                winner=winner,
                trained=trained,
                gain=gain,
                gain_standard_error=error,
                pool_size=len(pool),
                pool_by_round=list(pool.count_by_round().values()),
                stage_seconds=log.seconds,
                stage_figures=log.figures,
                warnings=log.warnings,
                drawing=bench.space.draw(searched[0].architecture),
                threads=num_threads(config),
                device=str(bench.device),
                versions=run.manifest.versions,
            )
        with run.commit() as commit:
            commit.write_json("result.json", result)
            commit.set_status("finished")
        run.publish("result.json")
        run.publish("winner.safetensors")
    listener.event(
        "search_finished", seconds=round(time.monotonic() - start, 3), winner=winner.architecture, id=winner.id
    )
    return result


def stage_names(config: SearchConfig) -> list[str]:
    """All stages of a search, in order."""
    names = ["data"]
    for number in range(1, config.loop.rounds + 1):
        names += [f"supernet-{number}", f"scoring-{number}", f"controller-{number}"]
    names[-1:] = ["rerank"]  # there is nothing to propose after the last round
    names += ["random"] if config.rerank.num_random else []
    names += [] if config.final.mode == "none" else ["final"]
    return [*names, "measure"]


def _check_budgets(bench: Workbench) -> None:
    """Refuse batches larger than their data before anything is trained."""
    config = bench.config
    num_train, num_valid = len(bench.data.train), len(bench.data.valid)
    num_steps(config.supernet.training, num_train)
    num_steps(config.rerank.training, num_train)
    if config.final.mode != "none":
        num_steps(config.final.training, num_train + num_valid)
    require(num_valid >= 2, "scoring needs at least 2 validation images", num_valid, "raise data.valid_fraction")
    require(
        config.rerank.top <= config.loop.pool,
        f"rerank.top is at most the pool's size, {config.loop.pool}",
        config.rerank.top,
        "lower rerank.top or raise loop.pool",
    )


def _check_parts(bench: Workbench) -> None:
    """Make the policy and the proposer once, so that their settings are refused early."""
    config = bench.config
    few = bench.feasible.sample_distinct(2, generator(config.seed, "check"))
    make_policy(config.sampling, feasible=bench.feasible, sizes=bench.sampled.sizes, pool=few, seed=config.seed)
    make_proposer(controller_config(config, bench.device.type), bench.space.grammar, config.seed)


def _compare(
    bench: Workbench, searched: list[Candidate], control: list[Candidate], test: TestData
) -> tuple[list[Trained], float | None, float | None]:
    """Measure the best of each arm on held-out data; the gain and its standard error (images, not seeds)."""
    measured = {id(arm[0]): measure(arm[0].module, test.images) for arm in (searched, control) if arm}
    trained = []
    for name, arm in (("searched", searched), ("random", control)):
        for candidate in arm:
            architecture, result = candidate.architecture, measured.get(id(candidate))
            trained.append(
                Trained(
                    architecture=str(architecture),
                    id=architecture.id,
                    arm=name,
                    score=candidate.score,
                    valid_accuracy=candidate.valid_accuracy,
                    test_accuracy=None if result is None else result.accuracy,
                    num_params=int(bench.rerank.sizes.num_params([architecture])[0]),
                    macs=int(bench.rerank.sizes.macs([architecture])[0]),
                    seconds=candidate.seconds,
                )
            )
    if len(control) != len(searched):  # best-of-k is compared with best-of-k, or not at all
        return trained, None, None
    ours, theirs = measured[id(searched[0])], measured[id(control[0])]
    return trained, ours.accuracy - theirs.accuracy, paired_standard_error(ours, theirs)
