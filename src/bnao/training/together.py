"""A training that several processes make together: rank 0 plans and saves, the others do as it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bnao.distributed import Group, ProcessLost
from bnao.sampling.base import Policy, StepPlan

if TYPE_CHECKING:
    from bnao.training.loop import Saves

State = Mapping[str, Any]
STATE = "state"
"""Rank 0's word before the state that a training begins with."""
FAREWELL_SECONDS = 5.0
"""How long rank 0 tries to tell the others that it leaves, where they may be in the middle of a step."""


class Left(Exception):
    """Rank 0 has left the training that this process follows."""


class Telling(Policy):
    """Rank 0's policy, which tells each plan to the others."""

    def __init__(self, policy: Policy, group: Group) -> None:
        self._policy, self._group = policy, group

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        plan = self._policy.plan(step, rng)
        self._group.broadcast((step, plan))
        return plan

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:
        self._policy.observe(plan, losses)

    def state_dict(self) -> dict[str, Any]:
        return self._policy.state_dict()

    def load_state_dict(self, state: State) -> None:
        self._policy.load_state_dict(state)


class Told(Policy):
    """A follower's: what rank 0 has planned. Raises Left where rank 0 says something else."""

    def __init__(self, group: Group) -> None:
        self._group = group

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        said = self._group.broadcast()
        if said[0] != step:
            raise Left
        plan = said[1]
        assert isinstance(plan, StepPlan)
        return plan

    def load_state_dict(self, state: State) -> None:
        """The state is rank 0's."""


class TellingSaves:
    """Rank 0's saves; the state that the training begins with is sent to the others."""

    def __init__(self, saves: Saves, group: Group, fresh: Callable[[], State]) -> None:
        self._saves, self._group, self._fresh = saves, group, fresh

    def load(self) -> State | None:
        """What was saved, told to all; None to begin, from what ``fresh`` gives."""
        state = self._saves.load()
        begun = self._fresh() if state is None else state
        self._group.broadcast(STATE)
        self._group.broadcast_state({**begun, "policy": {}})
        return state

    def due(self) -> bool:
        """As rank 0's own."""
        return self._saves.due()

    def save(self, state: State) -> None:
        """As rank 0's own: all processes hold the same."""
        self._saves.save(state)


class ToldSaves:
    """A follower's: it begins with what rank 0 sends, and keeps nothing."""

    def __init__(self, group: Group) -> None:
        self._group = group

    def load(self) -> State:
        """From rank 0. Raises Left where it has none to begin with."""
        if self._group.broadcast() != STATE:
            raise Left
        return self._group.broadcast_state()

    def due(self) -> bool:
        """Never."""
        return False

    def save(self, state: State) -> None:
        """Rank 0 does."""


@contextmanager
def leading(group: Group) -> Iterator[None]:
    """Around a training: where rank 0 leaves it by an exception, the others are told to leave it too."""
    try:
        yield
    except BaseException as error:
        if group.rank == 0 and group.size > 1 and not isinstance(error, ProcessLost):
            group.farewell(("left", None), FAREWELL_SECONDS)
        raise
