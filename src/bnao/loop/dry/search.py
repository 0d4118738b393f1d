"""What a search would do, from two real steps of each kind of its trainings."""

from __future__ import annotations

from bnao.controller import PROPOSERS
from bnao.loop.config import SearchConfig
from bnao.loop.dry.result import DryRun, TriedNetwork
from bnao.loop.dry.steps import Asked, described, try_steps
from bnao.loop.objective_check import check_targets
from bnao.loop.plan.machine import memory_words
from bnao.loop.plugins import load_plugins
from bnao.loop.policy import search_policy
from bnao.loop.run import check_budgets, check_parts
from bnao.loop.stages import Stage, StageLog
from bnao.loop.unread import unread_of_source, unread_settings
from bnao.loop.workbench import Network, Workbench, make_workbench, num_threads, settled_words
from bnao.rng import generator, torch_seed, torch_stream
from bnao.sampling import POLICIES
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.training.config import TrainingConfig
from bnao.training.device import threads
from bnao.training.loop import Hooks, Weights, train
from bnao.training.standalone import train_standalone

STREAM = "dry-run"
"""Name of all random streams here: none of the search's own is read."""
DRAWN = 8  # architectures that the sampling policy is made with


def try_search(config: SearchConfig, log: StageLog, usual: SearchConfig | None = None) -> DryRun:
    """Data, networks, and two steps of the supernet, of a re-ranking and of the final training.

    ``usual``: the settings that ``config`` was begun with. Raises BnaoError as the search would before it begins; a
    limit on latency is not measured.
    """
    load_plugins(config.plugins)
    POLICIES.get(config.sampling.policy)
    PROPOSERS.get(config.controller.proposer)
    with threads(num_threads(config)):
        with log.stage("data", "data and networks", None, "images"):
            bench = make_workbench(config)
            check_budgets(bench)
            check_parts(bench)
            check_targets(bench)
        for text in unread_settings(config, usual) + unread_of_source(config.data):
            log.warn(text)
        with log.stage("steps", "two steps of each kind", 3, "kinds") as stage:
            networks = _networks(bench, stage)
    loop, counts = config.loop, bench.feasible.describe_count()
    task = bench.task
    facts = [
        ("data", f"{config.data.source}: {len(bench.data.train):,} to train, {len(bench.data.valid):,} to validate; "
         f"measured on: {bench.held_out.measured}" + (f"; {task.num_classes} classes" if task else "")),
        ("space", f"{config.space.name}, {counts} architectures"),
        ("search", f"pool {loop.pool}, {loop.rounds} round(s), {loop.proposals} proposals after each but the last"),
        ("stand-alone", f"{config.rerank.num_searched} searched and {config.rerank.num_random} random ones, "
         f"{config.rerank.finalists} finalists, then the winner ({config.final.mode})"),
        *_limits(config),
        *([("precision", words)] if (words := settled_words(config, bench.config)) else []),
        ("device", f"{bench.device}, {num_threads(config)} thread(s)"),
    ]  # fmt: skip
    advice = [
        "Trainings alone are counted here; `bnao plan` with the same flags measures scoring and proposals too, and "
        "gives intervals."
    ]
    return DryRun(facts=facts, networks=networks, memory_how=memory_words(bench.device), advice=advice)


def _limits(config: SearchConfig) -> list[tuple[str, str]]:
    limits = config.limits
    words = [
        f"at most {value:,} {what}"
        for value, what in (
            (limits.max_params, "parameters"), (limits.max_macs, "multiply-adds"), (limits.max_latency_ms, "ms"),
        )
        if value is not None
    ]  # fmt: skip
    return [("limits", ", ".join(words))] if words else []


def _networks(bench: Workbench, stage: Stage) -> list[TriedNetwork]:
    config, device = bench.config, bench.device
    drawn = bench.feasible.sample_distinct(DRAWN, generator(config.seed, STREAM))
    one = bench.space.grammar.canonical(drawn[0])

    def supernet(training: TrainingConfig, hooks: Hooks) -> None:
        with torch_stream(config.seed, STREAM, "init"):
            built = bench.supernet.skeleton.build_supernet(share_sides=config.supernet.share_sides)
        place(built.module, device)
        weights = Weights.fresh(Supernet(built), training, bench.optimizer)
        policy = search_policy(bench, drawn, torch_seed(config.seed, STREAM))
        train(
            weights, policy, bench.data.train, training, seed=config.seed, stage=STREAM,
            objective=bench.objective, hooks=hooks,
        )  # fmt: skip

    def alone(network: Network, final: bool, training: TrainingConfig, hooks: Hooks) -> None:
        images = bench.data.train.joined(bench.data.valid) if final else bench.data.train
        train_standalone(
            network.skeleton, one, images, training, seed=config.seed, stage=STREAM, objective=bench.objective,
            optimizer=bench.optimizer, hooks=hooks,
        )  # fmt: skip

    num, whole = len(bench.data.train), len(bench.data.train) + len(bench.data.valid)
    found: list[TriedNetwork] = []
    if config.supernet.source is None:
        tried = try_steps(Asked(config.supernet.training, num, config.loop.rounds), device, supernet)
        found.append(described("a path of the supernet", bench.supernet.skeleton, bench.supernet.sizes, one, tried))
    stage.progress(1)
    trainings = config.rerank.num_trained
    tried = try_steps(
        Asked(config.rerank.training, num, trainings), device, lambda t, hooks: alone(bench.rerank, False, t, hooks)
    )
    found.append(described("re-ranking", bench.rerank.skeleton, bench.rerank.sizes, one, tried))
    stage.progress(2)
    if config.final.mode != "rerank":
        last = None
        if config.final.trains:
            last = try_steps(
                Asked(config.final.training, whole), device, lambda t, hooks: alone(bench.delivered, True, t, hooks)
            )
        found.append(described("final", bench.delivered.skeleton, bench.delivered.sizes, one, last))
    stage.progress(3)
    return found
