"""Every proposer that ships keeps the seam's contract; evolution follows Real et al."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import PROPOSERS, ControllerConfig, make_proposer
from bnao.controller.evolution import RegularizedEvolution
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.spaces.nao_cell.grammar import NaoCellGrammar
from bnao.testing.proposers import check_proposer

QUICK = ControllerConfig(epochs=2, augment=2, seeds_from_top=10, max_step=5, hidden=16, embedding=8)


@pytest.mark.parametrize("name", PROPOSERS.names())
@pytest.mark.parametrize(("nodes", "operations"), [(1, 4), (3, 5)])
def test_conformance(name: str, nodes: int, operations: int) -> None:
    check_proposer(PROPOSERS.get(name), NaoCellGrammar(nodes=nodes, num_operations=operations), QUICK)


@pytest.mark.parametrize("name", PROPOSERS.names())
def test_conformance_within_limits(name: str) -> None:
    class StartsWithZero(FeasibleSpace):
        """The first operation of the canonical form is operation 0 or 1."""

        def contains(self, architecture: Architecture) -> bool:
            return architecture.canonical[1] <= 1

        def sample_distinct(self, n, rng, exclude=()):  # type: ignore[no-untyped-def]
            return [a for a in super().sample_distinct(20 * n, rng, exclude) if self.contains(a)][:n]

    grammar = NaoCellGrammar(nodes=3, num_operations=4)
    check_proposer(PROPOSERS.get(name), grammar, QUICK, feasible=StartsWithZero(grammar))


def test_made_by_name() -> None:
    grammar = NaoCellGrammar(nodes=2, num_operations=2)
    assert isinstance(make_proposer(ControllerConfig(proposer="evolution"), grammar, 0), RegularizedEvolution)
    with pytest.raises(SettingError, match="did you mean 'evolution'"):
        make_proposer(ControllerConfig(proposer="evolutoin"), grammar, 0)


def test_the_seam_and_its_baselines_need_no_torch() -> None:
    code = "import bnao.controller, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_evolution_lets_the_oldest_die_and_the_best_of_a_tournament_breed() -> None:
    space = FeasibleSpace(NaoCellGrammar(nodes=3, num_operations=4))
    pool = space.sample_distinct(30, np.random.default_rng(0))
    scores = np.arange(30.0)
    scores[0] = 100.0  # the best, but the oldest
    evolution = RegularizedEvolution(space.grammar, ControllerConfig(population=20, tournament=500))
    report = evolution.fit(pool, scores, 0)
    assert report.figures == {"population": 20, "population_best_score": 29, "population_mean_score": 19.5}
    children = evolution.propose(10, np.random.default_rng(0), space, {a.id for a in pool}).architectures
    # A tournament of 500 draws among 20 finds the best of them, which the children are one decision away from.
    for child in children:
        assert sum(x != y for x, y in zip(child.tokens, pool[-1].tokens, strict=True)) == 1


def test_evolution_beats_random_search(additive: Callable[[Sequence[Architecture]], NDArray[np.float64]]) -> None:
    space = FeasibleSpace(NaoCellGrammar(nodes=5, num_operations=5))
    means = {}
    for name in ("evolution", "random"):
        rng = np.random.default_rng(0)
        proposer = make_proposer(ControllerConfig(proposer=name, population=50), space.grammar, 0)
        pool = space.sample_distinct(50, rng)
        for _ in range(8):
            proposer.fit(pool, additive(pool), 0)
            pool += proposer.propose(25, rng, space, {a.id for a in pool}).architectures
        means[name] = additive(pool[-25:]).mean()
    assert means["evolution"] > means["random"] + 4.0
