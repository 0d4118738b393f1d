"""The networks trained alone: which they had to be, how the winner follows from them, their figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bnao.evaluation.measure import Measurement, measure, paired_standard_error
from bnao.loop.arms import random_arm, read_candidate
from bnao.loop.by_size import first_to_train
from bnao.loop.config import SearchConfig
from bnao.loop.latency import WHOLE
from bnao.loop.reranking import read_choice
from bnao.loop.result import FINALIST, RANDOM, SEARCHED, SearchResult, Trained
from bnao.loop.verify.checks import Checks
from bnao.loop.workbench import Workbench
from bnao.storage import Pool, RunFolder
from bnao.storage.manifest import versions

ARMS = (SEARCHED, RANDOM, FINALIST)


def check_choice(run: RunFolder, config: SearchConfig, result: SearchResult, pool: Pool | None, checks: Checks) -> None:
    """Which networks the arms are by settings, pool and rounds; their order; which was taken. It needs no data."""
    arms = {arm: [entry for entry in result.trained if entry.arm == arm] for arm in ARMS}
    others = sorted({entry.arm for entry in result.trained} - set(ARMS))
    if others:
        checks.differs("arms", f"arms are {', '.join(ARMS)}; recorded are others too", ", ".join(others))
        return
    if pool is not None:
        expected = _searched(run, config, pool)
        recorded = sorted(entry.architecture for entry in arms[SEARCHED])
        text = f"{len(expected)}, those that pool, scores and rounds of the re-ranking name"
        checks.same("searched: which", recorded, sorted(expected), text)
    first = _chosen_order(run, config, result, arms[SEARCHED])[: config.rerank.finalists]
    recorded, expected = sorted(e.architecture for e in arms[FINALIST]), sorted(e.architecture for e in first)
    if recorded or expected:
        checks.same("finalists: which", recorded, expected, f"{len(expected)}, the first of the searched ones")
    for arm, entries in arms.items():
        if entries:
            ordered = _chosen_order(run, config, result, entries) == entries
            only = [entry.test_metric is not None for entry in entries] == [True] + [False] * (len(entries) - 1)
            rows = [("best first", True, ordered), ("only the best measured on held-out data", True, only)]
            checks.all_same(f"{arm}: order", rows, "best on validation first, and it alone measured on held-out data")
    best = (arms[FINALIST] or arms[SEARCHED])[:1]
    checks.same(
        "choice", [result.winner.architecture], [entry.architecture for entry in best], "the winner is the best of them"
    )


def _searched(run: RunFolder, config: SearchConfig, pool: Pool) -> list[str]:
    """The texts of what the re-ranking had to train: the top of the pool, and what its further rounds chose."""
    found = [entry.text for entry in first_to_train(pool, config.rerank.top, config.rerank.size_weight)]
    for number in range(2, config.rerank.rounds + 1):
        chosen = read_choice(run, number)
        if not chosen:
            break
        found += chosen
    return found


def _chosen_order(
    run: RunFolder, config: SearchConfig, result: SearchResult, entries: Sequence[Trained]
) -> list[Trained]:
    """Best on validation first; those whose whole network breaks a measured limit of latency behind, fastest first."""
    if any(math.isnan(entry.valid_metric) for entry in entries):
        return list(entries)  # they have no order
    found = sorted(entries, key=lambda entry: -result.metric.utility(entry.valid_metric))
    limit = config.limits.max_latency_ms
    if limit is None or not run.has(WHOLE):
        return found

    def broken(entry: Trained) -> float:
        return ms if (ms := entry.latency_ms or 0.0) > limit else 0.0

    return sorted(found, key=broken)


def check_random(
    bench: Workbench | None, run: RunFolder, config: SearchConfig, result: SearchResult, checks: Checks
) -> None:
    """The random architectures: as many as the settings say; with ``bench`` they, and the space's size, once more."""
    recorded = sorted(entry.architecture for entry in result.trained if entry.arm == RANDOM)
    wanted, limited = config.rerank.num_random, config.limits.max_latency_ms is not None
    if bench is not None and not (limited and bench.latency is None):
        with checks.guard("space size"):
            size = bench.feasible.describe_count()
            checks.same("space size", result.space_size, size, f"{size} architectures")
            drawn = sorted(str(architecture) for architecture in random_arm(bench))
            if recorded != drawn and run.manifest.versions != versions():
                checks.unchecked("random arm", "by the same seed other versions may draw other ones")
            else:
                checks.same("random arm", recorded, drawn, f"{len(drawn)}, drawn again by the seed")
        return
    checks.leave("the size of the space, and which random architectures the seed draws from it")
    if len(recorded) < wanted:
        checks.unchecked("random arm", f"{len(recorded)} of {wanted}; whether the space has no more is not known")
    else:
        checks.same("random arm", len(recorded), wanted, f"{wanted}, as many as the settings say")


def check_arms(bench: Workbench, run: RunFolder, result: SearchResult, checks: Checks) -> None:
    """The networks of all arms on validation, the best of each on held-out data, and the gain."""
    test = bench.held_out.open().to(bench.device)
    metric, best = bench.objective.metric.name, dict[str, Measurement]()
    for arm in ARMS:
        entries = [entry for entry in result.trained if entry.arm == arm]
        for entry in entries:
            name = f"{arm} {entry.id[:8]}"
            with checks.guard(name):
                architecture = bench.space.grammar.parse(entry.architecture)
                module = read_candidate(bench, run, entry.stage, architecture, entry.score).module
                found = measure(module, bench.data.valid, bench.objective)
                checks.close(name, entry.valid_metric, found.metric, f"{metric} on validation:")
                if entry.test_metric is not None:
                    best[arm] = measure(module, test.images, bench.objective)
                    checks.close(f"{name}, held out", entry.test_metric, best[arm].metric, f"{metric}, held out:")
        _check_sizes(bench, arm, entries, checks)
    _check_gain(bench, result, best, checks)


def _check_gain(bench: Workbench, result: SearchResult, best: Mapping[str, Measurement], checks: Checks) -> None:
    """Best-of-k against best-of-k; none where the arms are of different sizes."""
    searched, control = (sum(entry.arm == arm for entry in result.trained) for arm in (SEARCHED, RANDOM))
    if searched != control:
        text = f"none, for {searched} searched and {control} random networks are not compared"
        checks.same("gain", (result.gain, result.gain_standard_error), (None, None), text)
    elif {SEARCHED, RANDOM} <= best.keys():
        ours, theirs = best[SEARCHED], best[RANDOM]
        gain = bench.objective.metric.utility(ours.metric - theirs.metric)
        checks.close("gain", result.gain, gain, "searched minus random, held out:")
        error = paired_standard_error(ours, theirs)
        checks.close("error of the gain", result.gain_standard_error, error, "paired standard error")
    else:
        checks.unchecked("gain", "the best of an arm could not be measured")


def _check_sizes(bench: Workbench, arm: str, entries: Sequence[Trained], checks: Checks) -> None:
    if not entries:
        return
    with checks.guard(f"{arm}: sizes"):
        architectures = [bench.space.grammar.parse(entry.architecture) for entry in entries]
        sizes = bench.rerank.sizes
        pairs = zip(sizes.num_params(architectures).tolist(), sizes.macs(architectures).tolist(), strict=True)
        recorded = [(entry.id, entry.num_params, entry.macs) for entry in entries]
        found = [(a.id, *pair) for a, pair in zip(architectures, pairs, strict=True)]
        checks.same(f"{arm}: sizes", recorded, found, f"{len(entries)} networks, counted again")
