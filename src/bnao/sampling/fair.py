"""Strict fairness: in each step every option is trained equally often (FairNAS, arXiv 1907.01845).

Shapes: D decisions (positions of a word sequence), V words, m paths of a step, B sequences.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, SettingError
from bnao.rng import generator
from bnao.sampling.base import POLICIES, Policy, PolicySetup, StepPlan, refuse_unread

DRAWS = 256
"""Random architectures that must agree on which words are legal at each place."""
PROBES = 1000
"""Sets of m paths that are drawn at the start, where the feasible space is not the whole, to see how many are in it."""
MIN_ACCEPTANCE = 0.01
"""The share of these sets that must be feasible as a whole."""
MAX_TRIES = 10_000
"""Sets drawn for one step."""


class Fair(Policy):
    """Strict fairness: m paths and one update a step, every option of a decision equally often (arXiv 1907.01845).

    m is the largest number of options of a decision. A decision with m options gives each path another one, in random
    order; one with k < m options uses each m // k times, and m % k of them, drawn at random, once more: the same for
    all in expectation. As in the paper the gradients of the m paths add up before the update, so each loss has weight 1
    and an option of a decision with m options gets exactly one gradient a step. Costs as much as m steps of one path.

    A decision is a word of the grammar, so draws are uniform over word sequences, not over distinct networks. Paths
    keep the drawn order of symmetric forms, which is random already. Where not all m paths are feasible, the whole set
    is drawn again; so under limits fairness holds within each step, and what the limits never allow is not drawn.

    Raises SettingError unless ``over`` is ``space``; for size, exponent, floor or shuffle_sides, which are not read;
    for a grammar whose legal words depend on more than the place; where fewer than 1 % of the sets are feasible.
    """

    def __init__(self, setup: PolicySetup) -> None:
        if setup.config.over != "space":
            raise SettingError(
                f"the policy {setup.config.policy!r} combines the options of the whole space; received over = "
                f"{setup.config.over!r}: set sampling.over to space"
            )
        refuse_unread(setup.config, "size", "exponent", "floor", "shuffle_sides")
        self._feasible = setup.feasible
        self._options = word_options(setup.feasible.grammar)
        self._m = max(map(len, self._options))
        if not setup.feasible.is_whole:
            self._check_acceptance()

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """m paths. Raises SettingError if :data:`MAX_TRIES` sets were not feasible."""
        for _ in range(MAX_TRIES):
            paths = self._draw(rng)
            if self._feasible.contains_each(paths).all():
                return StepPlan(tuple(paths), (1.0,) * len(paths))
        raise SettingError(
            f"a fair step needs {self._m} feasible paths that use every option equally often; received none in "
            f"{MAX_TRIES:,} tries: loosen the limits, or choose another policy"
        )

    def describe(self) -> str:
        """How many paths, and over what."""
        return (
            f"fair over the space: exact, {self._m} paths a step with every option of {len(self._options)} decisions "
            f"equally often, over {self._feasible.describe_count()} distinct architectures"
        )

    def _draw(self, rng: np.random.Generator) -> list[Architecture]:
        words_mD = np.stack([_column(options, self._m, rng) for options in self._options], axis=1)
        return [self._feasible.grammar.decode(row) for row in words_mD.tolist()]

    def _check_acceptance(self) -> None:
        rng = generator(0, "sampling", "fair")
        sets = [path for _ in range(PROBES) for path in self._draw(rng)]
        rate = float(self._feasible.contains_each(sets).reshape(PROBES, self._m).all(axis=1).mean())
        if rate < MIN_ACCEPTANCE:
            raise SettingError(
                f"a fair step needs {self._m} paths that are feasible together in {100 * MIN_ACCEPTANCE:g} % of all "
                f"draws or more; received {100 * rate:.2g} %: loosen the limits, or choose another policy"
            )


def word_options(grammar: Grammar) -> list[NDArray[np.int64]]:
    """For each of the D places the words that may stand there.

    Raises SettingError for a grammar in which that depends on the words before, or whose sequences differ in length, as
    seen in :data:`DRAWS` random architectures and in as many sequences of words that are legal place by place.

    >>> from bnao.spaces.nao_cell.grammar import NaoCellGrammar
    >>> [options.tolist() for options in word_options(NaoCellGrammar(nodes=1, num_operations=3))][:2]
    [[0, 1], [2, 3, 4]]
    """
    rng = generator(0, "sampling", "words")
    encoded = [grammar.encode(a) for a in grammar.sample(DRAWS, rng)]
    if len(set(map(len, encoded))) > 1:
        raise _dependent("its architectures have different numbers of decisions")
    words_BD = np.array(encoded, dtype=np.int64)
    options = []
    for place in range(words_BD.shape[1]):
        legal_BV = grammar.legal_words(words_BD[:, :place])
        if (legal_BV != legal_BV[:1]).any():
            raise _dependent(f"the options of decision {place + 1} depend on the decisions before")
        options.append(np.flatnonzero(legal_BV[0]))
    free_BD = np.stack([rng.choice(column, size=DRAWS) for column in options], axis=1)
    try:
        for row in free_BD.tolist():
            grammar.decode(row)
    except ArchitectureError as error:
        raise _dependent(f"options do not go together ({error})") from error
    return options


def _dependent(reason: str) -> SettingError:
    return SettingError(
        f"strict fairness needs a space whose decisions are independent; received one in which {reason}: "
        "choose another policy"
    )


def _column(options: NDArray[np.int64], m: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(m,) one decision of the m paths: each option floor(m / k) times, the surplus drawn without repeats."""
    times, surplus = divmod(m, len(options))
    return rng.permutation(np.concatenate([np.tile(options, times), rng.choice(options, surplus, replace=False)]))


POLICIES.register("fair", Fair)
