"""What a search works with, derived once from its configuration: data, space, skeletons, size tables, device."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import torch

from bnao.cost.costs import Cost
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.data.held_out import HeldOut
from bnao.data.search_data import SearchData
from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.given import NOTHING, OWN, Given, example_inputs
from bnao.loop.known import KnownArchitecture, known_to
from bnao.loop.plugins import load_plugins
from bnao.loop.team.team import Team
from bnao.objective import Objective
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, Skeleton, make_space
from bnao.spaces.config import NetworkConfig
from bnao.task import Task
from bnao.training.compiled import require_compiler
from bnao.training.device import resolve_device, with_precision
from bnao.training.optimizer import OptimizerFactory

NO_TASK = Task(in_channels=0, image_size=(0, 0), num_classes=0)
"""What a model of the user's own is laid out for: it knows its task itself."""


@dataclass(frozen=True)
class Network:
    """A skeleton of the search and the sizes of its architectures."""

    config: NetworkConfig
    skeleton: Skeleton
    sizes: SizeTable


@dataclass(frozen=True)
class Workbench:
    """Everything that is derived from the configuration alone.

    ``supernet`` holds the shared weights (``project``); ``sampled`` is the same skeleton with ``concat`` output, whose
    parameter count is the paper's size; ``rerank`` and ``delivered`` are the stand-alone networks of the last stages.
    ``known`` are the architectures that a new pool starts from.
    """

    config: SearchConfig
    device: torch.device
    data: SearchData
    held_out: HeldOut
    space: SearchSpace
    feasible: FeasibleSpace
    known: list[KnownArchitecture]
    supernet: Network
    sampled: Network
    rerank: Network
    delivered: Network
    optimizer: OptimizerFactory | None = None
    latency: Cost | None = None  # of the delivered networks; None where it is not limited
    team: Team = field(default_factory=Team)  # the processes that share the work

    @property
    def task(self) -> Task | None:
        """The classes and images that the data are of; None where they are something else."""
        return self.data.task

    @property
    def objective(self) -> Objective:
        """What networks learn and are judged by."""
        return self.data.objective


class Searched(Protocol):
    """A :class:`bnao.Result` or :class:`bnao.Training`: where the run lies, and what it was searched with."""

    path: Path
    bench: Workbench | None


def located(run: str | Path | Searched) -> tuple[Path, Workbench | None]:
    """Where ``run`` lies, and its bench where it has one."""
    return (Path(run), None) if isinstance(run, (str, Path)) else (run.path, run.bench)


def make_workbench(config: SearchConfig, *, begun: bool = False, given: Given = NOTHING) -> Workbench:
    """Load plugins and data and lay out all networks; ``begun``: leave out what only a new pool needs.

    A limit on latency is left to :func:`within_latency`. Raises a BnaoError, before anything is trained, if they do not
    fit or if no architecture keeps the limits.
    """
    load_spaces()
    named = load_plugins(config.plugins)
    if named is not None and config.space.name != OWN:
        raise SettingError(
            "a plugin FILE.py:NAME names a model, which is searched in space 'own'; received space "
            f"{config.space.name!r}: leave the recipe and space.name out, or the name behind the file"
        )
    given = given if named is None else replace(given, build=named)
    device = resolve_device(config.device)
    if any(part.training.compile != "off" for part in (config.supernet, config.rerank, config.final)):
        require_compiler(device.type)
    config = settled(config, device)
    data, held_out = given.data(config.data, config.objective, config.seed)
    space = _space(config, given, data)

    def network(section: str, settings: NetworkConfig) -> Network:
        try:
            skeleton = space.skeleton(settings, _task(config, data))
        except SettingError as error:
            raise SettingError(f"{section}.network: {error}") from error
        return Network(settings, skeleton, SizeTable(skeleton))

    section = "supernet" if config.final.from_supernet else "rerank" if config.final.mode == "rerank" else "final"
    delivered = network(section, delivered_network(config))
    feasible = FeasibleSpace(space.grammar, delivered.sizes, replace(config.limits, max_latency_ms=None))
    feasible.require_not_empty()
    return Workbench(
        config=config,
        device=device,
        data=data.to(device),
        held_out=held_out,
        space=space,
        feasible=feasible,
        known=[] if begun else known_to(config, feasible),
        supernet=network("supernet", config.supernet.network),
        sampled=network("supernet", replace(config.supernet.network, output="concat")),
        rerank=network("rerank", config.rerank.network),
        delivered=delivered,
        optimizer=given.optimizer,
    )


def settled(config: SearchConfig, device: torch.device) -> SearchConfig:
    """The settings with the precision that ``auto`` comes to on ``device``."""
    return replace(
        config,
        supernet=replace(config.supernet, training=with_precision(config.supernet.training, device)),
        rerank=replace(config.rerank, training=with_precision(config.rerank.training, device)),
        final=replace(config.final, training=with_precision(config.final.training, device)),
    )


def settled_words(asked: SearchConfig, found: SearchConfig) -> str:
    """What ``auto`` came to in which section, in words; empty where nothing was left open."""
    sections = ("supernet", "rerank", "final")
    names = [name for name in sections if getattr(asked, name).training.precision == "auto"]
    return ", ".join(f"{name}.training.precision auto: {getattr(found, name).training.precision}" for name in names)


def within_latency(bench: Workbench, latency: Cost, *, begun: bool = False) -> Workbench:
    """``bench`` with all limits, that on ``latency`` too. Raises SettingError if no architecture keeps them."""
    config = bench.config
    feasible = FeasibleSpace(bench.space.grammar, bench.delivered.sizes, config.limits, latency)
    feasible.require_not_empty()
    return replace(bench, feasible=feasible, latency=latency, known=[] if begun else known_to(config, feasible))


def _space(config: SearchConfig, given: Given, data: SearchData) -> SearchSpace:
    if config.space.name != OWN:
        return make_space(config.space)
    if given.build is None:
        raise SettingError(
            "the space 'own' is a model of yours: name it as --plugin FILE.py:NAME, or, where it was given in Python, "
            "go on from Python with the same model"
        )
    from bnao.spaces.own import OwnSpace

    return OwnSpace(given.build, example_inputs(data.train, config.seed))


def _task(config: SearchConfig, data: SearchData) -> Task:
    if data.task is not None:
        return data.task
    if config.space.name != OWN:
        raise SettingError(
            f"the space {config.space.name!r} is of networks for images of classes; the data given are not, or do not "
            "tell their classes (a `targets` attribute, or a TensorDataset of inputs and int64 targets): give them, or "
            "a model of your own"
        )
    return NO_TASK


def delivered_network(config: SearchConfig) -> NetworkConfig:
    """The skeleton of the network that the user gets: final, re-ranked, or the supernet's own when inherited."""
    if config.final.mode == "rerank":
        return config.rerank.network
    return config.supernet.network if config.final.from_supernet else config.final.network


def num_threads(config: SearchConfig) -> int:
    """CPU threads that the search uses: the setting, else OMP_NUM_THREADS of the environment, else all cores."""
    return num_threads_of(config.threads)


def num_threads_of(setting: int | None) -> int:
    """The same of the setting alone.

    >>> num_threads_of(3)
    3
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return setting or (int(asked) if asked.isdecimal() and int(asked) else os.cpu_count() or 1)
