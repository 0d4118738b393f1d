"""Balance that follows the training losses: an exponent of the size, revised until a draw brings all sizes as much.

Ours; the idea of training where the loss falls most is that of learning progress (Graves et al., arXiv 1704.03003).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from bnao.errors import SettingError
from bnao.sampling.base import POLICIES, Policy, PolicySetup, StepPlan
from bnao.sampling.draws import BLOCK
from bnao.sampling.size_proportional import SizeProportional
from bnao.sampling.trend import Trend

MAX_EXPONENT = 8.0
"""The exponent stays in [0, MAX_EXPONENT]."""
MEMORY = 1024
"""Steps over which the weight of an observed loss falls to 1/e."""
MAX_CHANGE = 0.5
"""Greatest change of the exponent in one revision."""


class Adaptive(Policy):
    """In proportion to size ** exponent, the exponent revised from the training losses alone (ours).

    Let v(a) be the speed at which an architecture's training loss falls, per step of the whole training. A draw of a
    has brought v(a) / p(a), up to a factor. The exponent is in balance where this does not depend on the size: the
    relative slope of v in log size equals it. The larger exponent is the right one while the loss of large ones still
    falls faster than their share of draws accounts for. If losses fall as exp(-draws / tau), then equal gains lead to
    p ~ tau, draws in proportion to the time that an architecture needs; the exponent finds how that grows with size.

    v is estimated by a regression of recent losses on log size, step, and their product
    (:class:`~bnao.sampling.trend.Trend`, memory :data:`MEMORY` steps). The exponent moves toward the estimate every 256
    steps, by at most :data:`MAX_CHANGE`, and the less the noisier the estimate is; it stays in [0, 8]. It starts at
    ``exponent``, in each round anew. Between revisions this is the policy ``size_proportional``, with its settings.

    What it cannot see: training losses do not say which loss an architecture could reach, so gains are balanced, not
    distances from the end. At the start small ones, which learn fast, gain more by a draw, and the exponent falls; it
    rises when they are near their end. So a training must be long against :data:`MEMORY` steps.
    """

    def __init__(self, setup: PolicySetup) -> None:
        if setup.config.exponent > MAX_EXPONENT:
            raise SettingError(
                f"the policy {setup.config.policy!r} keeps its exponent in [0, {MAX_EXPONENT:g}]; received exponent = "
                f"{setup.config.exponent:g}: begin with a lower one"
            )
        self._setup = setup
        self._trend = Trend(MEMORY)
        self._seen = 0
        self._use(setup.config.exponent)

    @property
    def exponent(self) -> float:
        """The exponent in use."""
        return self._exponent

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """One path."""
        return self._policy.plan(step, rng)

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:
        """Learns the loss; after every 256 steps revises the exponent."""
        size = int(self._setup.size(plan.paths[:1])[0])
        self._trend.add(log(max(1, size)), losses[0])
        self._seen += 1
        if self._seen % BLOCK == 0:
            change = BLOCK / MEMORY * self._trend.excess(self._exponent)
            change = min(max(change, -MAX_CHANGE), MAX_CHANGE)
            self._use(min(max(self._exponent + change, 0.0), MAX_EXPONENT))

    def describe(self) -> str:
        """The law, and how draws are made at present."""
        text = self._policy.draws.describe()
        return f"adaptive over the {self._setup.config.over}: exponent {self._exponent:.3g} at present; {text}"

    def state_dict(self) -> dict[str, Any]:
        """``exponent`` in use, ``seen`` steps, ``trend``."""
        return {"exponent": self._exponent, "seen": self._seen, "trend": self._trend.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`. Raises SettingError for another policy's state."""
        if set(state) != {"exponent", "seen", "trend"}:
            raise SettingError(
                f"the state of an adaptive policy has the keys 'exponent', 'seen' and 'trend'; received "
                f"{sorted(state)}: resume with the run's own policy"
            )
        self._seen = int(state["seen"])
        self._trend.restore(state["trend"])
        self._use(float(state["exponent"]))

    def _use(self, exponent: float) -> None:
        self._exponent = exponent
        config = replace(self._setup.config, policy="size_proportional", exponent=exponent)
        self._policy = SizeProportional(replace(self._setup, config=config))


POLICIES.register("adaptive", Adaptive)
