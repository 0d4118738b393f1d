"""The proposer seam: from scored architectures to new ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.controller.config import ControllerConfig
from bnao.cost.feasible import FeasibleSpace
from bnao.registry import Registry

OnEpoch = Callable[[int, Mapping[str, float]], None]
"""``on_epoch(epoch, figures)``: told after each epoch of a fit, counted from 1, with named numbers for a progress bar.

What it does changes nothing of the fit; an exception in it ends the fit (a way to cancel)."""


@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What fitting a proposer showed; ``figures`` are named numbers for the log, all finite (one that does not apply is
    left out).

    ``predicted``: by id, what the fitted proposer predicts of those architectures of the pool that it held out: neither
    this fit nor an earlier one trained on them. Finite, higher is better, on a scale of the proposer's own (so compare
    ranks). Empty where nothing is held out or predicted.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    predicted: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """New architectures, and where each came from (``gradient``, ``mutation``, ``random``...), in the same order.

    The order is the proposer's preference: the first ``k`` are its best ``k``. ``predicted`` is what the proposer
    predicts of each, in the same order and on the scale of :attr:`FitReport.predicted`, None where it predicts nothing;
    empty if it predicts nothing of any.
    """

    architectures: list[Architecture] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    predicted: list[float | None] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many came from each origin, for the log.

        >>> Proposals(origins=["gradient", "random", "gradient"]).counts()
        {'gradient': 2, 'random': 1}
        """
        return {origin: self.origins.count(origin) for origin in dict.fromkeys(self.origins)}


class Proposer(ABC):
    """Learns from (architecture, score) pairs and proposes unseen architectures.

    Scores are higher-is-better and finite. Randomness is given at each call, so equal calls give equal results, and
    neither numpy's nor torch's global generator is read or moved. :func:`bnao.testing.proposers.check_proposer` holds
    an implementation to all that is written here.
    """

    @abstractmethod
    def fit(
        self,
        architectures: Sequence[Architecture],
        scores_P: NDArray[np.float64],
        seed: int,
        *,
        on_epoch: OnEpoch | None = None,
    ) -> FitReport:
        """Learn from P scored architectures: the *whole* pool, in order of arrival, as it is scored now.

        ``seed`` names the stream of all randomness of this call. ``on_epoch`` is called by proposers that train in
        epochs, never by others. Raises SettingError for an empty pool, or scores that are not P finite numbers.
        """

    @abstractmethod
    def propose(self, n: int, rng: np.random.Generator, feasible: FeasibleSpace, seen: AbstractSet[str]) -> Proposals:
        """``n`` feasible architectures with distinct ids not in ``seen``; fewer only when the space is exhausted.

        Before any fit: random draws. Changes no state of the proposer.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values only: what ``torch.load(weights_only=True)`` can read."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave: the same calls then give the same results."""


ProposerFactory = Callable[[Grammar, ControllerConfig, int], Proposer]
"""``factory(grammar, config, seed)``; ``seed`` names the stream of initial weights, if there are any."""

PROPOSERS: Registry[ProposerFactory] = Registry("proposer", shipped="bnao.controller.proposers")
