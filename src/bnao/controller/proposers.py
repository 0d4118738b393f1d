"""The proposers that ship, and how one is made by name (torch is imported only when ``nao`` is made)."""

from __future__ import annotations

from bnao.arch import Grammar
from bnao.controller.base import PROPOSERS, Proposer
from bnao.controller.config import ControllerConfig
from bnao.controller.evolution import RegularizedEvolution
from bnao.controller.random_search import RandomProposer


def _nao(grammar: Grammar, config: ControllerConfig, seed: int) -> Proposer:
    """Encoder, predictor, decoder; gradient steps from the best architectures (arXiv 1808.07233)."""
    from bnao.controller.nao import NaoProposer

    return NaoProposer(grammar, config, seed=seed)


def _random(grammar: Grammar, config: ControllerConfig, seed: int) -> Proposer:
    """Uniform draws: the baseline."""
    return RandomProposer()


def _evolution(grammar: Grammar, config: ControllerConfig, seed: int) -> Proposer:
    """Regularised evolution: tournaments among the youngest, one mutation a child (arXiv 1802.01548)."""
    return RegularizedEvolution(grammar, config)


PROPOSERS.register("nao", _nao)
PROPOSERS.register("random", _random)
PROPOSERS.register("evolution", _evolution)


def make_proposer(config: ControllerConfig, grammar: Grammar, seed: int) -> Proposer:
    """The proposer that ``config.proposer`` names. Raises SettingError for an unknown name.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> grammar = NaoCellGrammar(nodes=2, num_operations=3)
    >>> type(make_proposer(ControllerConfig(proposer="evolution"), grammar, 0)).__name__
    'RegularizedEvolution'
    """
    return PROPOSERS.get(config.proposer)(grammar, config, seed)
