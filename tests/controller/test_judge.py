"""Who chooses among the candidates of NAO: the process by default, its own predictor, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import ControllerConfig, ask_tell, optimise
from bnao.controller.nao import NaoProposer
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.evaluation.base import Evaluator, Scores
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

Landscape = Callable[[Sequence[Architecture]], NDArray[np.float64]]
SPACE = FeasibleSpace(NaoCellGrammar(nodes=3, num_operations=5))
QUICK = {"epochs": 3, "augment": 2, "max_step": 4, "hidden": 16, "embedding": 8}


def fitted(judge: str, additive: Landscape) -> tuple[NaoProposer, list[Architecture]]:
    pool = SPACE.sample_distinct(40, np.random.default_rng(0))
    nao = NaoProposer(SPACE.grammar, ControllerConfig(judge=judge, **QUICK))  # type: ignore[arg-type]
    nao.fit(pool, additive(pool), 0)
    return nao, pool


def test_the_process_chooses_better_than_an_untrained_gradient_meets(additive: Landscape) -> None:
    means = {}
    for judge in ("process", "none"):
        nao, pool = fitted(judge, additive)
        proposals = nao.propose(10, np.random.default_rng(0), SPACE, {a.id for a in pool})
        means[judge] = additive(proposals.architectures).mean()
    assert means["process"] > means["none"] and means["process"] > np.sort(additive(pool))[-10:].mean()


def test_the_predictor_as_judge_puts_its_favourites_first(additive: Landscape) -> None:
    nao, pool = fitted("predictor", additive)
    predicted = nao.propose(10, np.random.default_rng(0), SPACE, {a.id for a in pool}).predicted
    assert predicted == sorted(predicted, reverse=True)  # type: ignore[type-var]


def test_many_wanted_are_all_found(additive: Landscape) -> None:
    nao, pool = fitted("process", additive)
    proposals = nao.propose(2500, np.random.default_rng(0), SPACE, {a.id for a in pool})
    assert len({a.id for a in proposals.architectures}) == 2500


def test_an_unknown_judge_is_refused() -> None:
    with pytest.raises(SettingError, match="judge is one of process, predictor, none"):
        ControllerConfig(judge="me")  # type: ignore[arg-type]


class Additive(Evaluator):
    def __init__(self, additive: Landscape) -> None:
        self.additive, self.sizes = additive, list[int]()

    def evaluate(
        self, architectures: Sequence[Architecture], on_done: Callable[[int], None] = lambda done: None
    ) -> Scores:
        self.sizes.append(len(architectures))
        values = self.additive(architectures)
        return Scores(values, values, "sum of worths")


def test_optimise_asks_and_tells_to_the_number_of_queries(additive: Landscape) -> None:
    evaluator, batches = Additive(additive), list[int]()
    asker = ask_tell(SPACE, ControllerConfig(**QUICK))  # type: ignore[arg-type]
    found = optimise(asker, evaluator, 33, on_batch=lambda architectures, scores: batches.append(len(scores)))
    assert evaluator.sizes == batches == [20, 5, 5, 3]
    assert found == asker.told and len({a.id for a, _ in found}) == 33
    optimise(asker, evaluator, 4, batch=2)
    assert evaluator.sizes[4:] == [2, 2], "what was told before is known: no first pool again"
    with pytest.raises(SettingError, match="batch is at least 1"):
        optimise(asker, evaluator, 4, batch=0)


def test_optimise_ends_with_the_space(additive: Landscape) -> None:
    tiny = FeasibleSpace(NaoCellGrammar(nodes=1, num_operations=2))
    asker = ask_tell(tiny, ControllerConfig(proposer="random"))
    assert len(optimise(asker, Additive(lambda archs: np.zeros(len(archs))), 10**4)) == tiny.count()
