"""Two real steps of a training, timed; the shapes inside a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.data.batches import steps_per_epoch
from bnao.errors import NumericalError
from bnao.loop.dry.result import TriedNetwork, TriedSteps
from bnao.loop.plan.machine import PeakMemory
from bnao.loop.plan.probe import undisturbed
from bnao.spaces.base import Skeleton
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks, num_steps

STEPS = 2
_DEEP = 2  # a part that is listed lies in the network, or in a list in it


@dataclass(frozen=True)
class Asked:
    """A training to be tried: as the settings have it, on so many images, ``trainings`` of the kind."""

    training: TrainingConfig
    num_images: int
    trainings: int = 1


def try_steps(asked: Asked, device: torch.device, run: Callable[[TrainingConfig, Hooks], object]) -> TriedSteps:
    """``run(training, hooks)`` makes :data:`STEPS` steps of the training. Raises BnaoError as the training would."""
    training = asked.training
    per_epoch = steps_per_epoch(asked.num_images, training.batch_size)
    times, losses = [time.perf_counter()], [0.0]

    def on_step(done: int, figures: dict[str, float]) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter())
        losses.append(figures["loss"])

    with undisturbed(), PeakMemory(device) as watch:
        try:
            run(replace(training, epochs=STEPS / per_epoch), Hooks(on_step=on_step))
        except NumericalError:  # at a full learning rate from nothing that says little; the times are known
            if len(times) < 2:
                raise
    return TriedSteps(
        batch=training.batch_size,
        steps=num_steps(training, asked.num_images),
        trainings=asked.trainings,
        seconds=times[-1] - times[-2],
        loss=losses[-1],
        memory_bytes=watch.growth,
    )


def described(
    name: str, skeleton: Skeleton, sizes: SizeTable, architecture: Architecture, training: TriedSteps | None
) -> TriedNetwork:
    """The network of ``architecture``, with the shapes of its parts, by a run on the meta device."""
    one = [architecture]
    return TriedNetwork(
        name=name,
        architecture=str(architecture),
        input_shape=skeleton.image_shape,
        num_params=int(sizes.num_params(one)[0]),
        num_params_with_auxiliary=int(sizes.num_params_with_auxiliary(one)[0]),
        macs=int(sizes.macs(one)[0]),
        shapes=shapes(skeleton, architecture),
        training=training,
    )


def shapes(skeleton: Skeleton, architecture: Architecture) -> list[tuple[str, str]]:
    """What each part of the network gives for one image: (name, "C x H x W"), in the order of running.

    Its auxiliary head too, which runs in training alone.
    """
    with torch.device("meta"):
        module = skeleton.build_standalone(architecture).module
    module.train(len(skeleton.delivered_state(module)) < len(module.state_dict()))
    found: list[tuple[str, str]] = []

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda part, inputs, outputs: found.append((name, _words(outputs)))

    for name, part in module.named_modules():
        depth = name.count(".") + 1
        listed = depth == 1 or (depth == _DEEP and isinstance(module.get_submodule(name.split(".")[0]), nn.ModuleList))
        if name and listed and not isinstance(part, nn.ModuleList):
            part.register_forward_hook(hook(name))
    with torch.no_grad():
        module(torch.empty(2, *skeleton.image_shape, device="meta"))
    return found


def _words(outputs: Any) -> str:
    if isinstance(outputs, Tensor):
        return " x ".join(map(str, outputs.shape[1:]))
    return ", ".join(_words(item) for item in outputs) if isinstance(outputs, (tuple, list)) else ""
