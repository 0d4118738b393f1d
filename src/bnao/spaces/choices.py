"""What an architecture decides, in words: for counting how often each option was trained.

Shapes: B sequences, T words, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnao.arch import Architecture, Grammar
from bnao.rng import generator

DRAWS = 256
"""Random architectures whose prefixes show :func:`all_grammar_choices` which words are legal where."""


@dataclass(frozen=True)
class Choice:
    """One decision and what was decided: ``option`` at ``place``.

    ``kind`` groups like decisions (NAO cells: ``operation`` and ``input``); kind and place together name the decision.

    >>> Choice("operation", "normal cell, node 2, first", "max_pool_3x3").option
    'max_pool_3x3'
    """

    kind: str
    place: str
    option: str


def grammar_choices(grammar: Grammar, architecture: Architecture) -> list[Choice]:
    """The architecture's words in drawn order, as choices of kind ``decision``.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> grammar = NaoCellGrammar(nodes=1, num_operations=2)
    >>> grammar_choices(grammar, grammar.parse("0 1 1 0 | 0 0 0 0"))[:2]
    [Choice(kind='decision', place='decision 1', option='0'), Choice(kind='decision', place='decision 2', option='3')]
    """
    return [_decision(position, word) for position, word in enumerate(grammar.encode(architecture))]


def all_grammar_choices(grammar: Grammar) -> list[Choice]:
    """Every word at every place where it may stand, by place and then by word.

    Exact where legality depends on the place alone, or where :data:`DRAWS` random architectures show all there is; a
    word that is legal only after prefixes rarer than that is missing (a space that has such gives its own list).
    """
    drawn = grammar.sample(DRAWS, generator(0, "spaces", "choices"))
    rows = [np.array(grammar.encode(architecture), dtype=np.int64) for architecture in drawn]
    found = []
    for position in range(max(map(len, rows))):
        prefixes_BT = np.stack([row[:position] for row in rows if len(row) > position])
        legal_V = grammar.legal_words(prefixes_BT).any(axis=0)
        found += [_decision(position, int(word)) for word in np.flatnonzero(legal_V)]
    return found


def _decision(position: int, word: int) -> Choice:
    return Choice("decision", f"decision {position + 1}", str(word))
