"""Training one architecture alone, from scratch or from inherited weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.data.examples import Examples
from bnao.distributed import Shards
from bnao.errors import RunError, brief
from bnao.objective import CLASSIFICATION, Objective
from bnao.rng import torch_stream
from bnao.sampling.base import Policy, StepPlan
from bnao.spaces.base import Built, Skeleton
from bnao.spaces.placing import place
from bnao.supernet import StandAlone
from bnao.training.averaging import averaged
from bnao.training.config import TrainingConfig
from bnao.training.loop import Epoch, Hooks, Saves, Weights, train
from bnao.training.optimizer import OptimizerFactory


class OnePath(Policy):
    """The policy of a stand-alone training: always the same architecture."""

    def __init__(self, architecture: Architecture) -> None:
        self._plan = StepPlan(paths=(architecture,), loss_weights=(1.0,))

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """The one plan."""
        return self._plan


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network in eval mode and its learning curve."""

    module: nn.Module
    curve: list[Epoch]


def build_seeded(skeleton: Skeleton, architecture: Architecture, seed: int, stage: str) -> Built:
    """The architecture's network, its initial weights drawn from the stream (seed, stage)."""
    with torch_stream(seed, stage, "init"):
        return skeleton.build_standalone(architecture)


def train_standalone(
    skeleton: Skeleton,
    architecture: Architecture,
    images: Examples,
    config: TrainingConfig,
    *,
    seed: int,
    stage: str,
    objective: Objective = CLASSIFICATION,
    optimizer: OptimizerFactory | None = None,
    inherited: Mapping[str, Tensor] | None = None,
    hooks: Hooks | None = None,
    saves: Saves | None = None,
    shards: Shards | None = None,
    watch: Callable[[Epoch, nn.Module], None] | None = None,
) -> TrainedNetwork:
    """Train ``architecture`` alone on ``images`` (on their device) for one schedule.

    ``inherited`` are a supernet path's weights to start from (the skeleton's output must then be ``project``). With
    ``average_decay`` the network gets the averaged weights and running statistics. ``saves`` keeps the running training
    (:func:`~bnao.training.loop.train`), and all processes of ``shards`` make the same call. ``watch`` sees the network
    after each epoch as it would be delivered then, in all processes: in eval mode, with averaged weights where they are
    kept; the training goes on as if it had not.
    """
    built = build_seeded(skeleton, architecture, seed, stage)
    if inherited is not None:
        built.module.load_state_dict(dict(inherited))
    place(built.module, images.device)
    weights = Weights.fresh(StandAlone(built), config, optimizer)
    hooks = hooks or Hooks()
    if watch is not None:
        hooks = replace(hooks, in_all=_watched(weights, watch))
    curve = train(
        weights,
        OnePath(architecture),
        images,
        config,
        seed=seed,
        stage=stage,
        objective=objective,
        hooks=hooks,
        saves=saves,
        shards=shards,
    )
    if weights.average is not None:
        weights.average.adopt()
    return TrainedNetwork(built.module.eval(), curve)


def _watched(weights: Weights, watch: Callable[[Epoch, nn.Module], None]) -> Callable[[Epoch], None]:
    module = weights.trainable.root

    def in_all(epoch: Epoch) -> None:
        module.eval()
        with averaged(weights.average):
            watch(epoch, module)
        weights.trainable.start_training()

    return in_all


def rebuild(
    skeleton: Skeleton, architecture: Architecture, state: Mapping[str, Tensor], device: torch.device
) -> nn.Module:
    """The trained network of ``architecture`` from its state dict, in eval mode on ``device``.

    Raises RunError where the state is that of another network.
    """
    module = skeleton.build_standalone(architecture).module
    try:
        module.load_state_dict(dict(state))
    except RuntimeError as error:
        raise RunError(
            f"weights must be those of {architecture.id}; these have other names or shapes ({brief(error)}): restore "
            "the file, or search anew"
        ) from error
    place(module, device)
    return module.eval()
