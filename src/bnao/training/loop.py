"""The one training loop: a supernet's round and a stand-alone network's training differ in what they pass.

A stand-alone network is a set of weights with one path (:class:`~bnao.supernet.StandAlone`) under a policy that always
names it. Each step runs under generators seeded by (seed, stage, step), so equal calls give equal weights, to the bit,
on one machine with an unchanged number of threads. Where a batch is run in parts (:mod:`bnao.training.sharded`), each
part has generators of its own, by its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from bnao.call import call_network, split_outputs, tensors_of
from bnao.data.augment import Augment
from bnao.data.batches import batch_indices, steps_per_epoch
from bnao.data.examples import Examples, Planned
from bnao.distributed import ProcessLost, Shards
from bnao.errors import NumericalError, UnusableData
from bnao.objective import CLASSIFICATION, Objective
from bnao.rng import generator, gpus_of, torch_seed
from bnao.sampling.base import Policy, Schedule, StepPlan
from bnao.spaces.placing import network_inputs
from bnao.supernet import Path, Trainable
from bnao.training.averaging import LazyAverage
from bnao.training.compiled import compiled, require_compiler
from bnao.training.config import TrainingConfig
from bnao.training.device import with_precision
from bnao.training.memory import keeping_freed_memory
from bnao.training.optimizer import OptimizerFactory, PathOptimizer
from bnao.training.schedule import learning_rate
from bnao.training.sharded import ShardedStep, Step, settle
from bnao.training.together import Telling, TellingSaves, Told, ToldSaves, leading


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Means over one epoch's training batches, and the learning rate of its last step.

    ``loss`` is what was minimised (label smoothing, the auxiliary head, and a teacher's targets included; nats where
    it is cross entropy), ``metric`` the objective's, against the true targets; NaN where no batch defines it.
    """

    epoch: int
    loss: float
    metric: float
    learning_rate: float


class _Sums:
    """Running means over an epoch's batches; a metric that a batch does not define is left out."""

    def __init__(self, loss: float = 0.0, metric: float = 0.0, batches: int = 0, with_metric: int = 0) -> None:
        self.loss, self.metric, self.batches, self.with_metric = loss, metric, batches, with_metric

    def add(self, loss: float, metric: float) -> None:
        self.loss, self.batches = self.loss + loss, self.batches + 1
        if metric == metric:
            self.metric, self.with_metric = self.metric + metric, self.with_metric + 1

    def epoch(self, number: int, rate: float) -> Epoch:
        metric = self.metric / self.with_metric if self.with_metric else float("nan")
        return Epoch(epoch=number, loss=self.loss / self.batches, metric=metric, learning_rate=rate)


@dataclass(kw_only=True)
class Weights:
    """What a training carries from round to round: the weights, their momentum, their average."""

    trainable: Trainable
    optimizer: PathOptimizer
    average: LazyAverage | None = None

    @staticmethod
    def fresh(trainable: Trainable, config: TrainingConfig, optimizer: OptimizerFactory | None = None) -> Weights:
        """Momentum and average start empty; ``optimizer`` takes the place of the one that the settings name."""
        average = LazyAverage(trainable.root, config.average_decay) if config.average_decay > 0 else None
        return Weights(trainable=trainable, optimizer=PathOptimizer(trainable.root, config, optimizer), average=average)

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
    """Heard by progress and log: ``on_step(done, figures)`` after each step, ``on_epoch(epoch)`` after each epoch.

    ``in_all`` is called after ``on_epoch``, in all processes of a group: they may work together in it.
    """

    on_step: Callable[[int, dict[str, float]], None] = field(default=lambda done, figures: None)
    on_epoch: Callable[[Epoch], None] = field(default=lambda epoch: None)
    in_all: Callable[[Epoch], None] = field(default=lambda epoch: None)


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
    images: Examples,
    config: TrainingConfig,
    *,
    seed: int,
    stage: str,
    objective: Objective = CLASSIFICATION,
    hooks: Hooks | None = None,
    saves: Saves | None = None,
    shards: Shards | None = None,
) -> list[Epoch]:
    """Train from the first step, or the one that ``saves`` goes on from, to the last of one schedule.

    Returns the means of each epoch. A training that goes on ends with the bits of one that never stopped.

    Where a plan has a teacher (classes only), its forward pass comes first and it learns the labels; the other paths
    learn what it says: cross entropy with the detached probabilities of its classifier, in training mode and before the
    update, without label smoothing. A path's auxiliary head learns what the path's classifier learns.

    ``images`` are the training examples on the device of the weights; ``stage`` names the random streams.

    ``shards``: the parts of a batch, and the processes that share them; by default the parts that the settings name, in
    this process. All processes of the group make the same call and end with the same weights; ``policy``, ``hooks``
    (but ``in_all``) and ``saves`` are asked in rank 0 only.

    Raises NumericalError when a loss or gradient is not finite (the weights are those before that step; running
    statistics have seen its batch, unless it was run in parts and a loss was not finite); SettingError for parts that
    are too small; RunError where processes disagree, or one is lost.
    """
    hooks, saves = hooks or Hooks(), saves or NoSaves()
    shards = shards or Shards(config.gradient_accumulation)
    shards.check(config.batch_size)
    group = shards.group
    if group.size > 1 and group.rank == 0:
        policy, saves = Telling(policy, group), TellingSaves(saves, group, lambda: _fresh(weights))
    elif group.size > 1:
        policy, saves, hooks = Told(group), ToldSaves(group), Hooks(in_all=hooks.in_all)
    with keeping_freed_memory(), leading(group):
        return _train(weights, policy, images, config, seed, stage, objective, hooks, saves, shards)


def _fresh(weights: Weights) -> dict[str, Any]:
    """The state of a training that begins."""
    return {**weights.state_dict(), "policy": {}, "curve": [], "sums": vars(_Sums()).copy(), "step": 0}


def _train(
    weights: Weights,
    policy: Policy,
    images: Examples,
    config: TrainingConfig,
    seed: int,
    stage: str,
    objective: Objective,
    hooks: Hooks,
    saves: Saves,
    shards: Shards,
) -> list[Epoch]:
    trainable, config = weights.trainable, with_precision(config, images.device)
    root = trainable.root
    if config.compile == "operations":
        require_compiler(images.device.type)
    trainable.start_training()
    sharded = ShardedStep(root, shards, config.batch_size) if shards.total > 1 else None
    per_epoch, steps = steps_per_epoch(len(images), config.batch_size), num_steps(config, len(images))
    curve: list[Epoch] = []
    first, sums = 0, _Sums()
    if (state := saves.load()) is not None:
        weights.load_state_dict(state)
        policy.load_state_dict(state["policy"])
        curve = [Epoch(**epoch) for epoch in state["curve"]]
        first, sums = state["step"], _Sums(**state["sums"])
    augmented = images.augmented(config.augment)
    coming = (_Batches(root, augmented, config, seed, stage, step, shards) for step in range(first, steps))
    images = augmented.ahead(batches.planned(number) for batches in coming for number in shards.mine)
    for step in range(first, steps):
        trainable.progress.value = step / steps
        try:
            plan = policy.plan(step, generator(seed, stage, "plan", step))
            rate = learning_rate(config, step, steps, per_epoch) * plan.lr_scale
            batches = _Batches(root, images, config, seed, stage, step, shards)
            if sharded is None:
                with batches.part(0) as (x, targets):
                    losses, metric = _step(weights, plan, x, targets, config, rate, objective)
            else:
                losses, metric = _update(weights, plan, rate, _in_parts(sharded, batches, plan, config, objective))
        except ProcessLost as error:
            raise ProcessLost(f"step {step + 1} of {steps} of {stage}: {error}") from error
        policy.observe(plan, losses)
        loss = sum(losses) / len(losses)
        sums.add(loss, metric)
        if (step + 1) % per_epoch == 0 or step + 1 == steps:
            curve.append(sums.epoch(len(curve) + 1, rate))
            hooks.on_epoch(curve[-1])
            hooks.in_all(curve[-1])
            sums = _Sums()
        if saves.due():
            saves.save(
                {
                    **weights.state_dict(),
                    "policy": policy.state_dict(),
                    "curve": [vars(epoch) for epoch in curve],
                    "sums": vars(sums).copy(),
                    "step": step + 1,
                }
            )
        hooks.on_step(step + 1, {"loss": loss, objective.metric.name: metric})  # last: it may end the training (Ctrl-C)
    trainable.progress.value = 1.0
    return curve


class _Batches:
    """A step's batch: each part of it under random streams of its own."""

    def __init__(
        self,
        network: nn.Module,
        images: Examples,
        config: TrainingConfig,
        seed: int,
        stage: str,
        step: int,
        shards: Shards,
    ) -> None:
        self._network, self._images, self._augment, self._seed = network, images, Augment(config.augment), seed
        self.step, self._stage, self._shards = step, stage, shards
        self._index = batch_indices(len(images), config.batch_size, step, seed, stage)

    def planned(self, number: int) -> Planned:
        """The examples of part ``number``, and the seed of torch's stream."""
        index = self._index[self._shards.part(number, len(self._index))]
        return index, torch_seed(self._seed, self._stage, "step", *self._names(number))

    @contextmanager
    def part(self, number: int) -> Iterator[tuple[Any, Tensor]]:
        """Inputs and targets of part ``number``; within the context torch draws from the part's stream."""
        index, seed = self.planned(number)
        with torch.random.fork_rng(devices=gpus_of(self._images.device)):
            torch.manual_seed(seed)
            x, targets = self._images.batch(index)
            if self._augment.is_active:
                names = self._names(number)
                drawn = torch.Generator().manual_seed(torch_seed(self._seed, self._stage, "augment", *names))
                x = self._augment(x, drawn)
            yield network_inputs(x, self._network), targets

    def _names(self, number: int) -> tuple[int, ...]:
        return (self.step,) if self._shards.total == 1 else (self.step, number)


def _step(
    weights: Weights,
    plan: StepPlan,
    x: Any,
    targets: Tensor,
    config: TrainingConfig,
    rate: float,
    objective: Objective,
) -> tuple[list[float], float]:
    """One update from a whole batch."""
    return _update(weights, plan, rate, lambda paths: _backward(paths, plan, x, targets, config, objective))


def _update(
    weights: Weights, plan: StepPlan, rate: float, backward: Callable[[Sequence[Path]], tuple[list[float], float]]
) -> tuple[list[float], float]:
    """One update by the gradients that ``backward`` leaves in the plan's paths.

    Returns what it returned: each path's loss, in the order of the plan, and the mean metric on the batch.
    """
    paths = [weights.trainable.entry(architecture) for architecture in plan.paths]
    active, averaged = _tensors(paths)
    if weights.average is not None:
        weights.average.before_step(averaged)  # before the forward pass, which moves running statistics
    losses, metric = backward(paths)
    weights.optimizer.step(active, rate)
    if weights.average is not None:
        settle(paths)  # a buffer that the forward pass has put in the place of another
        weights.average.after_step(averaged)
    return losses, metric


def _in_parts(
    sharded: ShardedStep, batches: _Batches, plan: StepPlan, config: TrainingConfig, objective: Objective
) -> Callable[[Sequence[Path]], tuple[list[float], float]]:
    """:func:`_backward` of a batch in parts, on all processes of a group."""

    def run(paths: Sequence[Path], number: int, share: float) -> tuple[list[float], float]:
        with batches.part(number) as (x, targets):
            return _backward(paths, plan, x, targets, config, objective, share)

    words = "; ".join(map(str, plan.paths))
    return lambda paths: sharded.run(Step(batches.step, paths, words), partial(run, paths))


def _tensors(paths: Sequence[Path]) -> tuple[list[nn.Parameter], list[Tensor]]:
    """Parameters of the paths, and with their running statistics what an average is kept of."""
    active = list(dict.fromkeys(p for path in paths for p in path.parameters))
    return active, [*active, *dict.fromkeys(b for path in paths for b in path.buffers)]


def _backward(
    paths: Sequence[Path],
    plan: StepPlan,
    x: Any,
    targets: Tensor,
    config: TrainingConfig,
    objective: Objective,
    share: float = 1.0,
) -> tuple[list[float], float]:
    """Gradients of ``share`` times the plan's loss on ``x``, in ``grad``; each path's loss, and the mean metric."""
    teacher = None if plan.teacher is None else plan.paths.index(plan.teacher)
    learned, smoothing = targets, config.label_smoothing
    losses, metric = [0.0] * len(paths), 0.0
    for k in sorted(range(len(paths)), key=lambda k: k != teacher):  # the teacher first, the others as planned
        with _compiled(paths[k], config), _autocast(targets, config):
            returned = call_network(paths[k].module, x)
        loss, outputs = _loss(returned, learned, config, smoothing, objective)
        losses[k] = float(loss.detach())
        if not abs(losses[k]) < float("inf"):
            for parameter in dict.fromkeys(p for path in paths for p in path.parameters):
                parameter.grad = None
            what, unusable = f"the training loss must stay finite; received {losses[k]}", _unusable(x, targets)
            if unusable:
                raise UnusableData(f"{what}: {unusable}")
            raise NumericalError(f"{what}: lower the learning rate or check the data")
        (loss * (plan.loss_weights[k] * share)).backward()  # type: ignore[no-untyped-call]
        metric += objective.metric.of(outputs.detach(), targets) / len(paths)
        if k == teacher:
            learned, smoothing = outputs.detach().softmax(1), 0.0
    return losses, metric


def _unusable(x: Any, targets: Tensor) -> str:
    """What to do where the batch itself, not the training, is to blame; empty where it is not."""
    named = [*(("inputs", tensor) for tensor in tensors_of(x)), ("targets", targets)]
    bad = dict.fromkeys(n for n, t in named if t.is_floating_point() and not bool(torch.isfinite(t).all()))
    if not bad:
        return ""
    return f"the {' and '.join(bad)} of this batch hold values that are not finite (NaN or infinite): mend the data"


def _loss(
    returned: Any, targets: Tensor, config: TrainingConfig, smoothing: float, objective: Objective
) -> tuple[Tensor, Tensor]:
    """The objective's loss, which both heads learn, and the outputs. Targets may be a teacher's probabilities."""
    outputs, auxiliary = split_outputs(returned)
    if config.precision == "bfloat16" and isinstance(outputs, Tensor):
        outputs, auxiliary = outputs.float(), None if auxiliary is None else auxiliary.float()
    loss = objective.training_loss(outputs, targets, smoothing)
    if auxiliary is not None:
        loss = loss + config.auxiliary_weight * objective.training_loss(auxiliary, targets, smoothing)
    return loss, outputs


def _autocast(targets: Tensor, config: TrainingConfig) -> AbstractContextManager[Any]:
    """bfloat16 where the settings ask for it; losses and metrics are of float32 outputs, and in it, all the same."""
    bfloat16 = config.precision == "bfloat16"
    return torch.autocast(targets.device.type, torch.bfloat16) if bfloat16 else nullcontext()


def _compiled(path: Path, config: TrainingConfig) -> AbstractContextManager[Any]:
    return compiled(path) if config.compile == "operations" else nullcontext()
