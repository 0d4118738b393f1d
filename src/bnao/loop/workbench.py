"""What a search works with, derived once from its configuration: data, space, skeletons, size tables, device."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import torch

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.data.held_out import HeldOut, load
from bnao.data.images import SearchData
from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.known import KnownArchitecture, given
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, Skeleton, make_space
from bnao.spaces.config import NetworkConfig
from bnao.task import Task
from bnao.training.device import resolve_device


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

    @property
    def task(self) -> Task:
        """The classification task."""
        return self.data.task


def make_workbench(config: SearchConfig, *, begun: bool = False) -> Workbench:
    """Load the data and lay out all networks; ``begun``: leave out what only a new pool needs.

    Raises a BnaoError, before anything is trained, if they do not fit or if no architecture keeps the limits.
    """
    load_spaces()
    space = make_space(config.space)
    device = resolve_device(config.device)
    data, held_out = load(config.data, config.seed)

    def network(section: str, settings: NetworkConfig) -> Network:
        try:
            skeleton = space.skeleton(settings, data.task)
        except SettingError as error:
            raise SettingError(f"{section}.network: {error}") from error
        return Network(settings, skeleton, SizeTable(skeleton))

    section = {"none": "rerank", "inherit": "supernet"}.get(config.final.mode, "final")
    delivered = network(section, delivered_network(config))
    feasible = FeasibleSpace(space.grammar, delivered.sizes, config.limits)
    feasible.require_not_empty()
    return Workbench(
        config=config,
        device=device,
        data=data.to(device),
        held_out=held_out,
        space=space,
        feasible=feasible,
        known=[] if begun else given(config, feasible),
        supernet=network("supernet", config.supernet.network),
        sampled=network("supernet", replace(config.supernet.network, output="concat")),
        rerank=network("rerank", config.rerank.network),
        delivered=delivered,
    )


def delivered_network(config: SearchConfig) -> NetworkConfig:
    """The skeleton of the network that the user gets: final, re-ranked, or the supernet's own when inherited."""
    if config.final.mode == "none":
        return config.rerank.network
    return config.supernet.network if config.final.mode == "inherit" else config.final.network


def num_threads(config: SearchConfig) -> int:
    """CPU threads that the search uses."""
    return config.threads or os.cpu_count() or 1
