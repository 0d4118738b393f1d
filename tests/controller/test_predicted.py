"""What the NAO proposer predicts out of sample: of the held-out part, and of its proposals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import ControllerConfig, Proposals, make_proposer
from bnao.controller.nao import NaoProposer
from bnao.cost.feasible import FeasibleSpace
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

Landscape = Callable[[Sequence[Architecture]], NDArray[np.float64]]
SPACE = FeasibleSpace(NaoCellGrammar(nodes=3, num_operations=5))
QUICK = ControllerConfig(epochs=3, augment=2, seeds_from_top=10, max_step=2)


def test_the_held_out_part_is_predicted_and_was_never_trained_on(additive: Landscape) -> None:
    nao, pool, trained = NaoProposer(SPACE.grammar, QUICK), SPACE.sample_distinct(60, np.random.default_rng(0)), set()
    pool = [SPACE.grammar.shuffle(a, np.random.default_rng(k)) for k, a in enumerate(pool)]
    for round_ in range(3):
        report = nao.fit(pool, additive(pool), round_)
        assert len(report.predicted) == report.figures["held_out"] >= 15
        trained |= {a.id for a in pool} - set(report.predicted)
        assert not trained & set(report.predicted), "weights persist: what was ever trained on is not out of sample"
        held = [a for a in pool if a.id in report.predicted]
        assert list(report.predicted.values()) == nao.predict(held).tolist(), "by the weights that were kept"
        pool = pool + SPACE.sample_distinct(60, np.random.default_rng(9 + round_), {a.id for a in pool})


def test_an_id_is_predicted_once_and_nothing_held_out_is_nothing_predicted(additive: Landscape) -> None:
    pool = SPACE.sample_distinct(30, np.random.default_rng(0))
    twice = [*pool, *(SPACE.grammar.shuffle(a, np.random.default_rng(k)) for k, a in enumerate(pool))]
    report = NaoProposer(SPACE.grammar, QUICK).fit(twice, additive(twice), 0)
    assert report.figures["held_out"] == 2 * len(report.predicted) > 0
    config = ControllerConfig(epochs=2, augment=1, early_stop=False, held_out_fraction=0.0)
    assert NaoProposer(SPACE.grammar, config).fit(pool, additive(pool), 0).predicted == {}


def test_proposals_are_predicted_whatever_their_origin(additive: Landscape) -> None:
    pool = SPACE.sample_distinct(60, np.random.default_rng(0))
    seen, nao = {a.id for a in pool}, NaoProposer(SPACE.grammar, QUICK)
    assert nao.propose(5, np.random.default_rng(0), SPACE, seen).predicted == []
    nao.fit(pool, additive(pool), 0)
    proposals = nao.propose(60, np.random.default_rng(0), SPACE, seen)
    assert len(proposals.counts()) > 1
    assert proposals.predicted == nao.predict(proposals.architectures).tolist()
    assert nao.propose(0, np.random.default_rng(0), SPACE, seen) == Proposals()


def test_others_predict_nothing(additive: Landscape) -> None:
    pool = SPACE.sample_distinct(30, np.random.default_rng(0))
    for name in ("random", "evolution"):
        proposer = make_proposer(ControllerConfig(proposer=name), SPACE.grammar, 0)
        assert proposer.fit(pool, additive(pool), 0).predicted == {}
        assert proposer.propose(5, np.random.default_rng(0), SPACE, {a.id for a in pool}).predicted == []
