"""The sampling-policy seam: which paths a supernet step trains, and with what weight (imports no torch)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.registry import Registry
from bnao.sampling.config import SamplingConfig

if TYPE_CHECKING:
    from bnao.cost.sizes import SizeTable


@dataclass(frozen=True)
class StepPlan:
    """What one optimiser step trains: the gradients of ``sum_i loss_weights[i] * loss(paths[i])`` on one batch.

    ``paths`` are the 1 or more architectures, in the order in which they run; ``loss_weights`` one positive weight for
    each (several paths and one update: 1 / m each averages, 1 each adds up). ``teacher``, one of the paths or None:
    the others learn its outputs instead of the labels (:func:`bnao.training.loop.train`); named twice among the paths,
    the first is meant. ``lr_scale`` > 0 multiplies the schedule's learning rate in this
    step. A plan that is not of this form is a bug of its policy: AssertionError.
    """

    paths: tuple[Architecture, ...]
    loss_weights: tuple[float, ...]
    teacher: Architecture | None = None
    lr_scale: float = 1.0

    def __post_init__(self) -> None:
        assert len(self.paths) >= 1, "a plan has at least one path"
        assert len(self.paths) == len(self.loss_weights), "a plan has one loss weight for each path"
        assert all(np.isfinite(w) and w > 0 for w in self.loss_weights), "loss weights are positive"
        assert self.teacher is None or self.teacher in self.paths, "the teacher is one of the paths"
        assert np.isfinite(self.lr_scale) and self.lr_scale > 0, "lr_scale is positive"


class Policy(ABC):
    """Says for each step which architectures it trains.

    A plan depends on ``step``, ``rng``, what :meth:`observe` was told, and nothing else, so that a resumed run goes on
    as if nothing had happened. :func:`bnao.testing.policies.check_policy` holds a policy to that.
    """

    @abstractmethod
    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """The plan of step ``step`` >= 0 (counted over the round). ``rng`` is the step's own generator."""

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:  # noqa: B027  (optional)
        """Told after each step the loss of each path (nats), in the order of ``plan.paths``. Ignored by default."""

    def describe(self) -> str:
        """One line for the log: the distribution, and whether draws from it are exact or approximate."""
        return type(self).__name__

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`observe` left behind: plain values and tensors only. Empty by default."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave. Raises SettingError for a state that is not this policy's."""
        if state:
            raise SettingError(
                f"{type(self).__name__} has no state; received {sorted(state)}: resume with the run's own policy"
            )


@dataclass(frozen=True)
class Schedule:
    """The learning rates of the training that a policy is for: ``rate(step)``, 0 <= step <= ``steps``.

    ``rate(0)`` is the first rate, ``rate(steps)`` what the schedule ends in (no step has it).
    """

    steps: int
    rate: Callable[[int], float]


@dataclass(frozen=True, kw_only=True)
class PolicySetup:
    """What a policy is made from; see :func:`bnao.sampling.make_policy`."""

    config: SamplingConfig
    feasible: FeasibleSpace
    sizes: SizeTable
    pool: tuple[Architecture, ...] | None
    seed: int
    schedule: Schedule | None = None

    def size(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) parameters as ``config.size`` names them: of the stand-alone networks, or of chosen operations alone."""
        if self.config.size == "chosen_ops":
            return self.sizes.num_chosen_params(architectures)
        return self.sizes.num_params(architectures)

    def require_pool(self) -> tuple[Architecture, ...]:
        """The pool. Raises SettingError if there is none."""
        if self.pool is None:
            raise SettingError("sampling over the pool needs one; received None: give a pool, or set over to space")
        return self.pool


POLICIES: Registry[Callable[[PolicySetup], Policy]] = Registry("sampling policy", shipped="bnao.sampling.make")
"""Policies by name. A new one is one file with a factory (a class will do) that it registers here."""


def refuse_unread(config: SamplingConfig, *fields: str) -> None:
    """Raise SettingError if one of ``fields``, which ``config.policy`` does not read, is not at its default."""
    default = SamplingConfig()
    for name in fields:
        value = getattr(config, name)
        if value != getattr(default, name):
            raise SettingError(
                f"the policy {config.policy!r} does not read {name}; received {name} = {value!r}: leave it out, or "
                f"choose another policy"
            )
