"""Networks of every space with statistics as after a training, and a micro run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import bnao
from bnao.delivery.description import Description
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.task import Task

CLASSES = ("cat", 'a "dog"', "bird's", "\\fish")
SMALL = Task(in_channels=3, image_size=(16, 16), num_classes=4, classes=CLASSES)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Task]] = {
    "nao-concat": ({}, {"cells_per_stage": 2, "channels": 8, "drop_path_keep": 0.9}, SMALL),
    "nao-project": ({}, {"cells_per_stage": 1, "channels": 8, "output": "project", "dropout_keep": 0.8}, SMALL),
    "nao-middle": ({"operations": "middle", "nodes": 3}, {"cells_per_stage": 1, "channels": 4}, SMALL),
    "nao-plain-convs": (
        {"operations": "nor_conv_1x1,nor_conv_3x3,identity", "nodes": 3},
        {"cells_per_stage": 1, "channels": 4},
        SMALL,
    ),
    "nao-imagenet": ({"nodes": 3}, {"cells_per_stage": 1, "stem": "imagenet"}, replace(SMALL, image_size=(65, 64))),
    "nasbench201": ({"name": "nasbench201"}, {"cells_per_stage": 2, "channels": 8}, replace(SMALL, in_channels=1)),
    "mobile": (
        {"name": "mobile", "depths": "3,2,3", "kernels": "3,5", "expansions": "1,3,6"},
        {"channels": 8, "dropout_keep": 0.9},
        replace(SMALL, classes=()),
    ),
}  # fmt: skip

Made = tuple[nn.Module, Description]


@contextmanager
def operations_added(*operations: Any) -> Iterator[None]:
    """With more operations, which are gone afterwards."""
    from bnao.ops import OPERATIONS

    before = dict(OPERATIONS._parts)
    try:
        for operation in operations:
            OPERATIONS.register(operation.name, operation)
        yield
    finally:
        OPERATIONS._parts = before


def make_network(space: dict[str, Any], network: dict[str, Any], task: Task, draw: int) -> Made:
    """The ``draw``-th random network, as after a training, and its description."""
    load_spaces()
    chosen = make_space(SpaceConfig(**space))
    architecture = chosen.grammar.canonical(chosen.grammar.sample(1, np.random.default_rng(draw))[0])
    with torch.random.fork_rng():
        torch.manual_seed(draw)
        module = chosen.skeleton(NetworkConfig(**network), task).build_standalone(architecture).module.train()
        with torch.no_grad():
            for _ in range(3):
                module(torch.randn(16, task.in_channels, *task.image_size))
    description = Description(
        architecture=str(architecture), id=architecture.id, space=SpaceConfig(**space),
        network=NetworkConfig(**network), task=task,
        mean=(0.49344414472579956, 0.25, 0.1)[: task.in_channels], std=(0.2, 0.25, 0.3)[: task.in_channels],
        num_params=1234, macs=56789, metric="accuracy", metric_value=0.75, metric_is_share=True, standard_error=0.01,
        measured_on="400 images, test set", loss="cross_entropy", mode="retrain", recipe="demo", seed=3,
        bnao_version="0",
    )  # fmt: skip
    return module.eval(), description


@pytest.fixture(scope="session")
def make() -> Callable[[str, int], Made]:
    """The network of a named case."""
    return lambda case, draw: make_network(*CASES[case], draw)


@pytest.fixture(scope="session")
def run(micro: Any) -> Path:
    """A finished micro run."""
    return Path(micro[0].path)


@pytest.fixture(autouse=True)
def _undrawn(undrawn: None) -> None:
    """No test of an export looks at a report."""


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It exported, ONNX and all."""
    out = tmp_path_factory.mktemp("exported") / "network"
    bnao.export(run, out)
    return out
