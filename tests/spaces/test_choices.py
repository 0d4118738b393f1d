"""What architectures decide, in words: NAO cells, and the default that every grammar has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.spaces.base import SearchSpace
from bnao.spaces.choices import Choice
from bnao.spaces.config import SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.spaces.nao_cell.grammar import NaoCellGrammar
from bnao.testing.spaces import check_choices


class Plain(SearchSpace):
    """A space that says nothing of its choices."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    @property
    def name(self) -> str:
        return "plain"

    @property
    def grammar(self) -> Grammar:
        return self._grammar

    def skeleton(self, network: Any, task: Any) -> Any:
        raise NotImplementedError

    def draw(self, architecture: Architecture) -> str:
        return str(architecture)


def test_nao_cells_in_words() -> None:
    space = NaoCellSpace(SpaceConfig(nodes=2, operations="identity,max_pool_3x3"))
    drawn = space.choices(space.grammar.parse("0 0 1 1 2 1 0 0 | 0 0 0 0 1 0 1 1"))
    assert drawn[:8] == [
        Choice("input", "normal cell, node 2, first", "k-2"),
        Choice("operation", "normal cell, node 2, first", "identity"),
        Choice("input", "normal cell, node 2, second", "k-1"),
        Choice("operation", "normal cell, node 2, second", "max_pool_3x3"),
        Choice("input", "normal cell, node 3, first", "node 2"),
        Choice("operation", "normal cell, node 3, first", "max_pool_3x3"),
        Choice("input", "normal cell, node 3, second", "k-2"),
        Choice("operation", "normal cell, node 3, second", "identity"),
    ]
    assert drawn[-1] == Choice("operation", "reduction cell, node 3, second", "max_pool_3x3")


def test_sides_are_as_drawn() -> None:
    space = NaoCellSpace(SpaceConfig(nodes=1, operations="identity,max_pool_3x3"))
    one, other = (space.grammar.parse(f"{cell} | 0 0 0 0") for cell in ("1 1 0 0", "0 0 1 1"))
    assert one.id == other.id and space.choices(one) != space.choices(other)


def test_all_choices_of_nao_cells() -> None:
    listed = NaoCellSpace(SpaceConfig(nodes=5)).all_choices()
    assert len(listed) == 2 * 2 * (sum(range(2, 7)) + 5 * 5) == len(set(listed))
    first = [choice for choice in listed if choice.place == "reduction cell, node 6, second"]
    assert [choice.option for choice in first] == [
        *("k-2", "k-1", "node 2", "node 3", "node 4", "node 5"),
        *("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "identity"),
    ]


@pytest.mark.parametrize("nodes, operations", [(1, 1), (2, 3), (5, 10)])
def test_a_new_space_has_choices_for_free(nodes: int, operations: int) -> None:
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    check_choices(Plain(grammar))
    listed = Plain(grammar).all_choices()
    assert len(listed) == 4 * sum(range(2, nodes + 2)) + 4 * nodes * operations
    assert listed[0] == Choice("decision", "decision 1", "0")


def test_the_suite_finds_a_choice_that_is_not_listed_and_a_place_decided_twice() -> None:
    grammar = NaoCellGrammar(nodes=1, num_operations=2)

    class Forgets(Plain):
        def all_choices(self) -> list[Choice]:
            return super().all_choices()[:-1]

    class Twice(Plain):
        def choices(self, architecture: Architecture) -> list[Choice]:
            return [Choice(c.kind, "here", c.option) for c in super().choices(architecture)]

        def all_choices(self) -> list[Choice]:
            return [Choice("decision", "here", str(word)) for word in range(self.grammar.num_words)]

    class Vague(Plain):
        def choices(self, architecture: Architecture) -> list[Choice]:
            return super().choices(architecture)[:2]

    for space, message in ((Forgets, "is missing"), (Twice, "once"), (Vague, "tell networks apart")):
        with pytest.raises(AssertionError, match=message):
            check_choices(space(grammar))


def test_a_word_that_depends_on_the_prefix_is_listed() -> None:
    class Rising(NaoCellGrammar):
        """The mask of the last word is empty unless the first word is 1: legality by prefix."""

        def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
            mask_BV = super().legal_words(prefixes_BT)
            if prefixes_BT.shape[1] == self.length - 1:
                mask_BV &= (prefixes_BT[:, 0] == 1)[:, None]
            return mask_BV

    def options(grammar: Grammar, place: str) -> Sequence[str]:
        return [choice.option for choice in Plain(grammar).all_choices() if choice.place == place]

    assert options(Rising(nodes=1, num_operations=2), "decision 8") == ["2", "3"]
