"""The NAO proposer learns, climbs, repeats, and fills its shortfalls openly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import ControllerConfig, FitReport
from bnao.controller.nao import NaoProposer
from bnao.controller.scores import pairwise_accuracy
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import NumericalError, SettingError
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

Landscape = Callable[[Sequence[Architecture]], NDArray[np.float64]]
SPACE = FeasibleSpace(NaoCellGrammar(nodes=5, num_operations=5))
SMALL = FeasibleSpace(NaoCellGrammar(nodes=2, num_operations=3))
QUICK = ControllerConfig(epochs=3, augment=2, seeds_from_top=10, max_step=5, judge="none")


@dataclass(frozen=True)
class Fitted:
    nao: NaoProposer
    pool: list[Architecture]
    scores: NDArray[np.float64]
    report: FitReport
    epochs: list[tuple[int, Mapping[str, float]]]


@pytest.fixture(scope="module")
def fitted(additive: Landscape) -> Fitted:
    pool = SPACE.sample_distinct(200, np.random.default_rng(0))
    scores = additive(pool)
    # A smaller batch and fewer copies than by default: as many steps in a third of the time.
    # No judge: what the gradient alone proposes. (test_judge.py has the default.)
    config = ControllerConfig(epochs=40, patience=6, batch_size=40, augment=5, judge="none")
    nao = NaoProposer(SPACE.grammar, config, seed=0)
    epochs: list[tuple[int, Mapping[str, float]]] = []
    report = nao.fit(pool, scores, 0, on_epoch=lambda epoch, figures: epochs.append((epoch, dict(figures))))
    return Fitted(nao, pool, scores, report, epochs)


def test_it_learns_an_additive_landscape(fitted: Fitted, additive: Landscape) -> None:
    others = SPACE.sample_distinct(300, np.random.default_rng(9), {a.id for a in fitted.pool})
    assert pairwise_accuracy(fitted.nao.predict(others), additive(others)) > 0.8


def test_it_reports_what_it_showed(fitted: Fitted) -> None:
    figures = fitted.report.figures
    assert figures["held_out"] == 20 and figures["held_out_pairwise_accuracy"] > 0.8
    assert figures["word_accuracy"] > 0.9 and 0.5 < figures["reconstruct_accuracy"] <= 1.0
    assert [epoch for epoch, _ in fitted.epochs] == list(range(1, int(figures["epochs"]) + 1))
    best = dict(fitted.epochs)[int(figures["best_epoch"])]
    assert {name: figures[name] for name in best} == best
    assert best["train_nll"] <= 0.05


def test_the_best_weights_are_restored(fitted: Fitted) -> None:
    held = [k for k, a in enumerate(fitted.pool) if a.id in fitted.nao.state_dict()["held_out"]]
    predicted = fitted.nao.predict([fitted.pool[k] for k in held])
    accuracy = pairwise_accuracy(predicted, np.maximum(fitted.scores, np.quantile(fitted.scores, 0.05))[held])
    assert accuracy == pytest.approx(fitted.report.figures["held_out_pairwise_accuracy"], abs=0.02)


def test_its_proposals_are_better_than_random_and_than_their_seeds(fitted: Fitted, additive: Landscape) -> None:
    proposals = fitted.nao.propose(50, np.random.default_rng(0), SPACE, {a.id for a in fitted.pool})
    assert proposals.counts() == {"gradient": 50}
    scores = additive(proposals.architectures)
    assert scores.mean() > fitted.scores.mean() + 1.5 * fitted.scores.std()
    assert scores.mean() > np.sort(fitted.scores)[-20:].mean()


def test_predictions_are_those_of_the_network_not_of_the_form(fitted: Fitted) -> None:
    shuffled = [SPACE.grammar.shuffle(a, np.random.default_rng(k)) for k, a in enumerate(fitted.pool[:20])]
    assert (fitted.nao.predict(shuffled) == fitted.nao.predict(fitted.pool[:20])).all()


def test_weights_and_sides_persist_over_fits(fitted: Fitted, additive: Landscape) -> None:
    nao = NaoProposer(SPACE.grammar, QUICK, seed=5)
    nao.load_state_dict({**fitted.nao.state_dict()})
    held = set(nao.state_dict()["held_out"])
    pool = [*fitted.pool, *SPACE.sample_distinct(40, np.random.default_rng(3), {a.id for a in fitted.pool})]
    report = nao.fit(pool, additive(pool), 1)
    assert report.figures["held_out_pairwise_accuracy"] > 0.8, "three epochs from new weights would not do"
    after = nao.state_dict()
    assert held <= set(after["held_out"]) and not set(after["held_out"]) & set(after["trained"])


def test_fixed_epochs_are_the_papers_mode(additive: Landscape) -> None:
    config = ControllerConfig(epochs=4, augment=1, early_stop=False, held_out_fraction=0.0, clip_quantile=0.0)
    nao = NaoProposer(SMALL.grammar, config)
    pool = SMALL.sample_distinct(50, np.random.default_rng(0))
    figures = nao.fit(pool, additive(pool), 0).figures
    assert figures["epochs"] == figures["best_epoch"] == 4 and figures["held_out"] == 0
    assert "held_out_pairwise_accuracy" not in figures
    assert len(nao.state_dict()["trained"]) == 50


def test_fixed_epochs_may_still_measure_a_held_out_part(additive: Landscape) -> None:
    pool = SMALL.sample_distinct(60, np.random.default_rng(0))
    config = ControllerConfig(epochs=3, augment=1, early_stop=False)
    figures = NaoProposer(SMALL.grammar, config).fit(pool, additive(pool), 0).figures
    assert figures["epochs"] == 3 and figures["held_out"] == 15 and 0 <= figures["held_out_pairwise_accuracy"] <= 1


def test_an_early_stop_without_a_held_out_part_is_refused() -> None:
    with pytest.raises(SettingError, match="an early stop needs a held-out part"):
        ControllerConfig(held_out_fraction=0.0)


def test_a_shortfall_is_filled_and_labelled(fitted: Fitted) -> None:
    nao = NaoProposer(SPACE.grammar, ControllerConfig(max_step=1, judge="none"), seed=0)
    nao.load_state_dict(fitted.nao.state_dict())
    proposals = nao.propose(60, np.random.default_rng(0), SPACE, {a.id for a in fitted.pool})
    counts = proposals.counts()
    assert counts["mutation"] == 60 - counts.get("gradient", 0) and len(proposals.architectures) == 60
    assert proposals.origins == sorted(proposals.origins), "gradient first, then mutation"


def test_a_space_nearly_exhausted_is_filled_at_random(additive: Landscape) -> None:
    tiny = FeasibleSpace(NaoCellGrammar(nodes=1, num_operations=3))
    everything = tiny.sample_distinct(tiny.count(), np.random.default_rng(0))
    nao = NaoProposer(tiny.grammar, QUICK)
    nao.fit(everything[:30], additive(everything[:30]), 0)
    proposals = nao.propose(1000, np.random.default_rng(0), tiny, {a.id for a in everything[:30]})
    assert len(proposals.architectures) == tiny.count() - 30 and "random" in proposals.origins


def test_limits_are_kept(fitted: Fitted) -> None:
    class FewIdentities(FeasibleSpace):
        def contains(self, architecture: Architecture) -> bool:
            return architecture.tokens[1] != 0

    limited = FewIdentities(SPACE.grammar)
    proposals = fitted.nao.propose(30, np.random.default_rng(0), limited, set())
    assert len(proposals.architectures) == 30 and all(a.tokens[1] != 0 for a in proposals.architectures)


def test_equal_seeds_give_equal_weights_and_other_seeds_others(additive: Landscape) -> None:
    pool = SMALL.sample_distinct(40, np.random.default_rng(0))
    predictions = []
    for seed in (0, 0, 1):
        nao = NaoProposer(SMALL.grammar, QUICK, seed=seed)
        nao.fit(pool, additive(pool), seed)
        predictions.append(nao.predict(pool))
    assert (predictions[0] == predictions[1]).all() and (predictions[0] != predictions[2]).any()


def test_divergence_is_an_error_with_a_remedy(additive: Landscape) -> None:
    pool = SMALL.sample_distinct(30, np.random.default_rng(0))
    nao = NaoProposer(SMALL.grammar, ControllerConfig(epochs=3, learning_rate=float("inf")))
    with pytest.raises(NumericalError, match="lower learning_rate"):
        nao.fit(pool, additive(pool), 0)


def test_an_exception_in_the_callback_cancels_and_restores_threads(additive: Landscape) -> None:
    import torch

    def cancel(epoch: int, figures: Mapping[str, float]) -> None:
        raise KeyboardInterrupt

    before, pool = torch.get_num_threads(), SMALL.sample_distinct(30, np.random.default_rng(0))
    with pytest.raises(KeyboardInterrupt):
        NaoProposer(SMALL.grammar, QUICK).fit(pool, additive(pool), 0, on_epoch=cancel)
    assert torch.get_num_threads() == before
