"""The delivered network of a search or of a training: built again from the run's weights, counted, described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from bnao.cost.counting import count_built
from bnao.cost.sizes import SizeTable
from bnao.data.pictures import Pictures
from bnao.errors import RunError
from bnao.loop.delivered import loaded
from bnao.loop.given import OWN
from bnao.loop.verify.checks import Checks
from bnao.loop.winner_file import Delivered, read_delivered
from bnao.loop.workbench import NO_TASK
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, Skeleton, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder
from bnao.task import Task


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What a result says of the delivered network; ``space`` and ``network`` are what the run's settings say."""

    architecture: str
    id: str
    output: str
    num_params: int
    num_params_with_auxiliary: int
    macs: int
    drawing: str
    space: SpaceConfig
    network: NetworkConfig
    plugins: tuple[str, ...]


@dataclass(frozen=True)
class Rebuilt:
    """The network in eval mode, and what its file says of it."""

    module: nn.Module
    delivered: Delivered


def rebuilt(run: RunFolder, file: str, claimed: Claimed, space: SearchSpace | None, checks: Checks) -> Rebuilt | None:
    """The network whose weights are ``file``, its counts checked; None where it cannot be built.

    ``space`` is that of the run where its data and plugins were to be had; without it the file says which.
    """
    with checks.guard("network"):
        tensors, metadata = run.read_weights(file)
        delivered = read_delivered(metadata, run.path / file)
        if space is None and OWN in (delivered.space.name, claimed.space.name):
            checks.unchecked("network", "it is of a model of your own, which no file of the run holds")
            return None
        if space is None and claimed.plugins:
            checks.unchecked("network", f"it may need the run's plugin files: {', '.join(claimed.plugins)}")
            return None
        load_spaces()
        space = make_space(delivered.space) if space is None else space
        skeleton = space.skeleton(replace(delivered.network, auxiliary=False), delivered.task or NO_TASK)
        module = _loaded(space, skeleton, delivered, tensors)
        _check_counts(space, skeleton, delivered, module, claimed, file, checks)
        _check_described(space, delivered, claimed, checks)
        return Rebuilt(module, delivered)
    return None


def _loaded(space: SearchSpace, skeleton: Skeleton, delivered: Delivered, tensors: Mapping[str, Tensor]) -> nn.Module:
    if space.name != OWN:  # sizes are only claimed: shapes come before memory
        with torch.device("meta"):
            architecture = space.grammar.parse(delivered.architecture)
            _check_shapes(skeleton.build_standalone(architecture).module, tensors)
    return loaded(skeleton, delivered.architecture, tensors)


def _check_shapes(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise RunError("weights must be those of the architecture; these have other names or shapes: restore a copy")


def _check_counts(
    space: SearchSpace,
    skeleton: Skeleton,
    delivered: Delivered,
    module: nn.Module,
    claimed: Claimed,
    file: str,
    checks: Checks,
) -> None:
    architecture = space.grammar.parse(delivered.architecture)
    checks.same("architecture", claimed.architecture, delivered.architecture, f"{architecture.id}, built from {file}")
    checks.same("id", claimed.id, architecture.id, f"{architecture.id}, of these tokens")
    params = sum(parameter.numel() for parameter in module.parameters())
    checks.same("parameters", claimed.num_params, params, f"{params:,}, counted in the network")
    trained = space.skeleton(claimed.network, delivered.task or NO_TASK)
    more = int(SizeTable(trained).num_params_with_auxiliary([architecture])[0])
    name, text = "parameters in training", f"{more:,}, counted with the auxiliary head that the settings name"
    checks.same(name, claimed.num_params_with_auxiliary, more, text)
    if space.name == OWN:
        macs = int(SizeTable(skeleton).macs([architecture])[0])
    else:
        macs = count_built(lambda: skeleton.build_standalone(architecture).module, [skeleton.image_shape]).macs
    checks.same("multiply-adds", claimed.macs, macs, f"{macs:,} of one example, counted in a pass through the network")


def _check_described(space: SearchSpace, delivered: Delivered, claimed: Claimed, checks: Checks) -> None:
    drawing = space.draw(space.grammar.parse(delivered.architecture))
    checks.same("drawing", claimed.drawing, drawing, "drawn again from the tokens")
    network = replace(claimed.network, auxiliary=False)
    rows = [
        ("output", claimed.output, network.output if space.has_output_forms else ""),
        ("space of the weights", delivered.space, claimed.space),
        ("network of the weights", replace(delivered.network, auxiliary=False), network),
    ]
    checks.all_same("form of the network", rows, "space, depth, width and output are those of the settings")


def check_prepared(delivered: Delivered, task: Task | None, train: object, checks: Checks) -> None:
    """What the weights say of their input: the task, and the statistics of the training pictures."""
    rows: list[tuple[str, object, object]] = [("task", delivered.task, task)]
    said = delivered.normalisation
    if isinstance(train, Pictures):
        rows.append(("central_share", delivered.central_share, train.central_share))
        for name, recorded, tensor in (
            ("mean", None if said is None else said.mean, train.mean_C),
            ("std", None if said is None else said.std, train.std_C),
        ):
            found = tuple(tensor.tolist())
            rows.append((name, _near(recorded, found, checks.exact), found))
    else:
        rows.append(("normalisation", said, None))
    checks.all_same("input", rows, "task and normalisation in the weights' file are those of the data")


def _near(recorded: tuple[float, ...] | None, found: tuple[float, ...], exact: bool) -> tuple[float, ...] | None:
    """``found`` where ``recorded`` is it up to the last digits that another machine may add otherwise."""
    if exact or recorded is None or len(recorded) != len(found):
        return recorded
    return found if all(abs(a - b) <= 1e-5 for a, b in zip(recorded, found, strict=True)) else recorded
