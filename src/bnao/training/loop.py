"""The one training loop: a supernet's round and a stand-alone network's training differ in what they pass.

A stand-alone network is a set of weights with one path (:class:`~bnao.supernet.StandAlone`) under a policy that always
names it. Each step runs under generators seeded by (seed, stage, step), so equal calls give equal weights, to the bit,
on one machine with an unchanged number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from bnao.data.augment import Augment
from bnao.data.batches import batch_indices, steps_per_epoch
from bnao.data.images import Images
from bnao.errors import NumericalError
from bnao.rng import generator, torch_seed
from bnao.sampling.base import Policy, Schedule, StepPlan
from bnao.supernet import Path, Trainable
from bnao.training.averaging import LazyAverage
from bnao.training.config import TrainingConfig
from bnao.training.optimizer import PathSGD
from bnao.training.schedule import learning_rate


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Means over one epoch's training batches, and the learning rate of its last step.

    ``loss`` in nats is what was minimised (label smoothing, the auxiliary head, and a teacher's targets included),
    ``accuracy`` in [0, 1] is that of the labels.
    """

    epoch: int
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(kw_only=True)
class Weights:
    """What a training carries from round to round: the weights, their momentum, their average."""

    trainable: Trainable
    optimizer: PathSGD
    average: LazyAverage | None = None

    @staticmethod
    def fresh(trainable: Trainable, config: TrainingConfig) -> Weights:
        """Momentum and average start empty."""
        average = LazyAverage(trainable.root, config.average_decay) if config.average_decay > 0 else None
        return Weights(trainable=trainable, optimizer=PathSGD(trainable.root, config), average=average)

    def state_dict(self) -> dict[str, Any]:
        """All three; the tensors are the live ones, so write or copy them before the next step."""
        return {
            "weights": self.trainable.root.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave, onto the device of the weights."""
        self.trainable.root.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """Heard by progress and log: ``on_step(done, figures)`` after each step, ``on_epoch(epoch)`` after each epoch."""

    on_step: Callable[[int, dict[str, float]], None] = field(default=lambda done, figures: None)
    on_epoch: Callable[[Epoch], None] = field(default=lambda epoch: None)


class Saves(Protocol):
    """Keeps a running training, so that a killed process goes on from there to the same bits."""

    def load(self) -> Mapping[str, Any] | None:
        """The state to go on from; None to begin."""

    def due(self) -> bool:
        """Asked after each step: whether to save now."""

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep a state of tensors and plain values; its tensors change with the next step."""


class NoSaves:
    """Keeps nothing."""

    def load(self) -> Mapping[str, Any] | None:
        """Begin."""
        return None

    def due(self) -> bool:
        """Never."""
        return False

    def save(self, state: Mapping[str, Any]) -> None:
        """Nothing is kept."""


def num_steps(config: TrainingConfig, num_images: int) -> int:
    """Steps of a whole training: epochs times full batches. Raises SettingError if there is no full batch."""
    return max(1, round(config.epochs * steps_per_epoch(num_images, config.batch_size)))


def schedule(config: TrainingConfig, num_images: int) -> Schedule:
    """The learning rates of a training on so many images, for policies that scale them."""
    steps, per_epoch = num_steps(config, num_images), steps_per_epoch(num_images, config.batch_size)
    return Schedule(steps, lambda step: learning_rate(config, step, steps, per_epoch))


def train(
    weights: Weights,
    policy: Policy,
    images: Images,
    config: TrainingConfig,
    *,
    seed: int,
    stage: str,
    hooks: Hooks | None = None,
    saves: Saves | None = None,
) -> list[Epoch]:
    """Train from the first step, or the one that ``saves`` goes on from, to the last of one schedule.

    Returns the means of each epoch. A training that goes on ends with the bits of one that never stopped.

    Where a plan has a teacher, its forward pass comes first and it learns the labels; the other paths learn what it
    says: cross entropy with the detached probabilities of its classifier, in training mode and before the update,
    without label smoothing. A path's auxiliary head learns what the path's classifier learns.

    ``images`` are the training images on the device of the weights; ``stage`` names the random streams.
    Raises NumericalError when a loss or gradient is not finite (the weights are those before that step;
    running statistics have seen its batch).
    """
    hooks, saves = hooks or Hooks(), saves or NoSaves()
    trainable = weights.trainable
    trainable.start_training()
    augment = Augment(config.augment)
    per_epoch, steps = steps_per_epoch(len(images), config.batch_size), num_steps(config, len(images))
    curve: list[Epoch] = []
    first, loss_sum, accuracy_sum, seen = 0, 0.0, 0.0, 0
    if (state := saves.load()) is not None:
        weights.load_state_dict(state)
        policy.load_state_dict(state["policy"])
        curve = [Epoch(**epoch) for epoch in state["curve"]]
        first, (loss_sum, accuracy_sum, seen) = state["step"], state["sums"]
    for step in range(first, steps):
        trainable.progress.value = step / steps
        plan = policy.plan(step, generator(seed, stage, "plan", step))
        rate = learning_rate(config, step, steps, per_epoch) * plan.lr_scale
        with torch.random.fork_rng(devices=_cuda_devices(images.labels_N)):
            torch.manual_seed(torch_seed(seed, stage, "step", step))
            index = batch_indices(len(images), config.batch_size, step, seed, stage)
            x, labels = images.batch(index)
            drawn = torch.Generator().manual_seed(torch_seed(seed, stage, "augment", step))
            x = augment(x, drawn).contiguous(memory_format=torch.channels_last)
            losses, accuracy = _step(weights, plan, x, labels, config, rate)
        policy.observe(plan, losses)
        loss = sum(losses) / len(losses)
        loss_sum, accuracy_sum, seen = loss_sum + loss, accuracy_sum + accuracy, seen + 1
        if (step + 1) % per_epoch == 0 or step + 1 == steps:
            curve.append(
                Epoch(epoch=len(curve) + 1, loss=loss_sum / seen, accuracy=accuracy_sum / seen, learning_rate=rate)
            )
            hooks.on_epoch(curve[-1])
            loss_sum, accuracy_sum, seen = 0.0, 0.0, 0
        if saves.due():
            saves.save(
                {
                    **weights.state_dict(),
                    "policy": policy.state_dict(),
                    "curve": [vars(epoch) for epoch in curve],
                    "sums": [loss_sum, accuracy_sum, seen],
                    "step": step + 1,
                }
            )
        hooks.on_step(step + 1, {"loss": loss, "accuracy": accuracy})  # last: it may end the training (Ctrl-C)
    trainable.progress.value = 1.0
    return curve


def _step(
    weights: Weights, plan: StepPlan, x: Tensor, labels: Tensor, config: TrainingConfig, rate: float
) -> tuple[list[float], float]:
    """One update. Returns each path's loss, in the order of the plan, and the mean accuracy on the batch."""
    paths = [weights.trainable.entry(architecture) for architecture in plan.paths]
    active = list(dict.fromkeys(p for path in paths for p in path.parameters))
    averaged = active + list(dict.fromkeys(b for path in paths for b in path.buffers))
    if weights.average is not None:
        weights.average.before_step(averaged)  # before the forward pass, which moves running statistics
    teacher = None if plan.teacher is None else plan.paths.index(plan.teacher)
    targets, smoothing = labels, config.label_smoothing
    losses, correct = [0.0] * len(paths), 0.0
    for k in sorted(range(len(paths)), key=lambda k: k != teacher):  # the teacher first, the others as planned
        loss, logits = _loss(paths[k], x, targets, config.auxiliary_weight, smoothing)
        losses[k] = float(loss.detach())
        if not abs(losses[k]) < float("inf"):
            for parameter in active:
                parameter.grad = None
            raise NumericalError(
                f"the training loss must stay finite; received {losses[k]}: lower the learning rate or check the data"
            )
        (loss * plan.loss_weights[k]).backward()  # type: ignore[no-untyped-call]
        correct += float((logits.detach().argmax(1) == labels).float().mean()) / len(paths)
        if k == teacher:
            targets, smoothing = logits.detach().softmax(1), 0.0
    weights.optimizer.step(active, rate)
    if weights.average is not None:
        weights.average.after_step(averaged)
    return losses, correct


def _loss(
    path: Path, x: Tensor, targets: Tensor, auxiliary_weight: float, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Cross entropy with ``targets``, (B,) labels or (B, K) probabilities, which both heads learn; and the logits."""
    output = path.module(x)
    logits, auxiliary = output if isinstance(output, tuple) else (output, None)
    loss = F.cross_entropy(logits, targets, label_smoothing=smoothing)
    if auxiliary is not None:
        loss = loss + auxiliary_weight * F.cross_entropy(auxiliary, targets, label_smoothing=smoothing)
    return loss, logits


def _cuda_devices(tensor: Tensor) -> list[int]:
    return [tensor.device.index or 0] if tensor.device.type == "cuda" else []
