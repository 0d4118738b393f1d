"""Ask and tell: a proposer driven by hand, with no supernet and no run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bnao.arch import Architecture, Grammar
from bnao.controller.base import FitReport, OnEpoch, Proposals, Proposer
from bnao.controller.config import ControllerConfig
from bnao.controller.proposers import make_proposer
from bnao.controller.scores import checked_scores
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import require
from bnao.rng import generator, torch_seed


class AskTell:
    """A proposer on which the caller does the scoring.

    Everything told is the pool. :meth:`ask` fits the proposer first if anything was told since the last fit, and never
    returns an architecture that was asked or told before (modulo symmetry). Before anything is told it draws at random.
    The same calls with the same seed give the same answers.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> grammar = NaoCellGrammar(nodes=2, num_operations=3)
    >>> nao = ask_tell(grammar, ControllerConfig(proposer="evolution"), seed=0)
    >>> first = nao.ask(20)
    >>> nao.tell(first, [float(sum(a.tokens)) for a in first])
    >>> archs = nao.ask(5)
    >>> nao.last_proposals.counts(), {a.id for a in archs} & {a.id for a in first}
    ({'mutation': 5}, set())
    """

    def __init__(
        self, proposer: Proposer, feasible: FeasibleSpace, seed: int = 0, *, on_epoch: OnEpoch | None = None
    ) -> None:
        self.proposer = proposer
        self.feasible = feasible
        self.seed = seed
        self.on_epoch = on_epoch  # progress of each fit
        self.last_report: FitReport | None = None
        self.last_proposals = Proposals()
        self._told: dict[str, tuple[Architecture, float]] = {}
        self._asked: set[str] = set()
        self._asks = 0
        self._fits = 0
        self._unfitted = False

    @property
    def told(self) -> list[tuple[Architecture, float]]:
        """The pool: (architecture, score) in the order in which each was first told."""
        return list(self._told.values())

    def tell(self, architectures: Sequence[Architecture], scores: ArrayLike) -> None:
        """Give the scores of P >= 1 architectures; higher is better. They need not have been asked for.

        An architecture (modulo symmetry) told again takes the later score and keeps its place in the order. Raises
        SettingError, and takes nothing in, if the numbers differ or a score is NaN or infinite.
        """
        scores_P = checked_scores(architectures, scores)
        for architecture, score in zip(architectures, scores_P.tolist(), strict=True):
            self._told[architecture.id] = (architecture, score)
        self._unfitted = True

    def ask(self, n: int) -> list[Architecture]:
        """``n`` architectures to score next, the proposer's favourites first; fewer only if the space is exhausted.

        Where each came from is in :attr:`last_proposals`, what a fit showed in :attr:`last_report`.
        """
        require(n >= 1, "ask for at least one architecture", n, "give n >= 1")
        if self._unfitted:
            self.last_report = self.proposer.fit(
                [architecture for architecture, _ in self._told.values()],
                np.array([score for _, score in self._told.values()]),
                torch_seed(self.seed, "ask_tell", "fit", self._fits),
                on_epoch=self.on_epoch,
            )
            self._fits += 1
            self._unfitted = False
        rng = generator(self.seed, "ask_tell", "ask", self._asks)
        self.last_proposals = self.proposer.propose(n, rng, self.feasible, self._asked | self._told.keys())
        self._asks += 1
        self._asked.update(a.id for a in self.last_proposals.architectures)
        return list(self.last_proposals.architectures)

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values: the proposer's state, what was told and asked, and how often."""
        return {
            "proposer": self.proposer.state_dict(),
            "told": [(str(architecture), score) for architecture, score in self._told.values()],
            "asked": sorted(self._asked),
            "asks": self._asks,
            "fits": self._fits,
            "unfitted": self._unfitted,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`; further calls give what they would have given there (with the same seed)."""
        self.proposer.load_state_dict(state["proposer"])
        told = [(self.feasible.grammar.parse(text), float(score)) for text, score in state["told"]]
        self._told = {architecture.id: (architecture, score) for architecture, score in told}
        self._asked = set(state["asked"])
        self._asks, self._fits, self._unfitted = int(state["asks"]), int(state["fits"]), bool(state["unfitted"])


def ask_tell(
    space: Grammar | FeasibleSpace,
    config: ControllerConfig | None = None,
    *,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
) -> AskTell:
    """An :class:`AskTell` over ``space`` with the proposer that ``config`` names (default: NAO)."""
    feasible = FeasibleSpace(space) if isinstance(space, Grammar) else space
    proposer = make_proposer(config or ControllerConfig(), feasible.grammar, seed)
    return AskTell(proposer, feasible, seed, on_epoch=on_epoch)
