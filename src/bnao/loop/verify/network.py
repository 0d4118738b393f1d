"""The delivered network and the networks it was chosen from: built again from the run's weights, counted, measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from bnao.cost.counting import count_built
from bnao.cost.sizes import SizeTable
from bnao.errors import RunError
from bnao.evaluation.measure import Measurement, measure, paired_standard_error
from bnao.loop.arms import read_candidate
from bnao.loop.given import OWN
from bnao.loop.result import FINALIST, RANDOM, SEARCHED, SearchResult, Trained
from bnao.loop.verify.checks import Checks
from bnao.loop.winner_file import WINNER, Delivered, read_delivered
from bnao.loop.workbench import NO_TASK, Workbench
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, Skeleton, make_space
from bnao.storage import RunFolder
from bnao.training.device import place


def rebuilt(run: RunFolder, result: SearchResult, bench: Workbench | None, checks: Checks) -> nn.Module | None:
    """The delivered network, its counts checked; None where it cannot be built. Without ``bench`` it needs no data."""
    with checks.guard("network"):
        tensors, metadata = run.read_weights(WINNER)
        delivered = read_delivered(metadata, run.path / WINNER)
        if bench is None and delivered.space.name == OWN:
            checks.unchecked("network", "it is of a model of your own, which no file of the run holds")
            return None
        load_spaces()
        space = make_space(delivered.space) if bench is None else bench.space
        skeleton = space.skeleton(replace(delivered.network, auxiliary=False), delivered.task or NO_TASK)
        module = _loaded(space, skeleton, delivered, tensors)
        _check_counts(space, skeleton, delivered, module, result, checks)
        return module if bench is None else place(module, bench.device)
    return None


def _loaded(space: SearchSpace, skeleton: Skeleton, delivered: Delivered, tensors: Mapping[str, Tensor]) -> nn.Module:
    architecture = space.grammar.parse(delivered.architecture)
    if space.name != OWN:  # sizes are only claimed: shapes come before memory
        with torch.device("meta"):
            _check_shapes(skeleton.build_standalone(architecture).module, tensors)
    module = skeleton.build_standalone(architecture).module
    _check_shapes(module, tensors)
    module.load_state_dict(dict(tensors))
    return module.eval()


def _check_shapes(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise RunError("weights must be those of the architecture; these have other names or shapes: restore a copy")


def _check_counts(
    space: SearchSpace,
    skeleton: Skeleton,
    delivered: Delivered,
    module: nn.Module,
    result: SearchResult,
    checks: Checks,
) -> None:
    winner, architecture = result.winner, space.grammar.parse(delivered.architecture)
    checks.same("architecture", winner.architecture, delivered.architecture, f"{winner.id}, built from {WINNER}")
    checks.same("id", winner.id, architecture.id, f"{architecture.id}, of these tokens")
    params = sum(parameter.numel() for parameter in module.parameters())
    checks.same("parameters", winner.num_params, params, f"{params:,}, counted in the network")
    if space.name == OWN:
        macs = int(SizeTable(skeleton).macs([architecture])[0])
    else:
        macs = count_built(lambda: skeleton.build_standalone(architecture).module, [skeleton.image_shape]).macs
    checks.same("multiply-adds", winner.macs, macs, f"{macs:,} of one example, counted in a pass through the network")


def check_limits(bench: Workbench, result: SearchResult, checks: Checks) -> None:
    """The delivered network keeps the hard limits of the settings."""
    for name, limit, value in (
        ("max_params", bench.config.limits.max_params, result.winner.num_params),
        ("max_macs", bench.config.limits.max_macs, result.winner.macs),
    ):
        if limit is not None and value > limit:
            checks.differs(f"limit {name}", f"{value:,}, more than {limit:,}", limit, value)
        elif limit is not None:
            checks.agrees(f"limit {name}", f"{value:,} of at most {limit:,}")


def check_measured(bench: Workbench, result: SearchResult, module: nn.Module, checks: Checks) -> None:
    """The delivered network on the held-out data."""
    with checks.guard("held out"):
        winner, metric = result.winner, bench.objective.metric.name
        test = bench.held_out.open().to(bench.device)
        found = measure(module, test.images, bench.objective)
        checks.close("held out", winner.test_metric, found.metric, f"{metric} on {winner.measured_on}:")
        checks.close("standard error", winner.test_standard_error, found.standard_error, "standard error")


def check_arms(bench: Workbench, run: RunFolder, result: SearchResult, checks: Checks) -> None:
    """The networks of all arms on validation, the best of each on held-out data, and the gain."""
    test = bench.held_out.open().to(bench.device)
    metric, best = bench.objective.metric.name, dict[str, Measurement]()
    for arm in (SEARCHED, RANDOM, FINALIST):
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
    if result.gain is not None and {SEARCHED, RANDOM} <= best.keys():
        ours, theirs = best[SEARCHED], best[RANDOM]
        gain = bench.objective.metric.utility(ours.metric - theirs.metric)
        checks.close("gain", result.gain, gain, "searched minus random, held out:")
        error = paired_standard_error(ours, theirs)
        checks.close("error of the gain", result.gain_standard_error, error, "paired standard error")


def _check_sizes(bench: Workbench, arm: str, entries: Sequence[Trained], checks: Checks) -> None:
    if not entries:
        return
    with checks.guard(f"{arm}: sizes"):
        architectures = [bench.space.grammar.parse(entry.architecture) for entry in entries]
        sizes = bench.rerank.sizes
        pairs = zip(sizes.num_params(architectures).tolist(), sizes.macs(architectures).tolist(), strict=True)
        recorded, found = [(entry.num_params, entry.macs) for entry in entries], list(pairs)
        checks.same(f"{arm}: sizes", recorded, found, f"{len(entries)} networks, counted again")
