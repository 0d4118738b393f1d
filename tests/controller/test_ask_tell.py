"""Ask and tell with no supernet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils._pytree
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import AskTell, ControllerConfig, ask_tell
from bnao.errors import SettingError
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

Landscape = Callable[[Sequence[Architecture]], NDArray[np.float64]]
GRAMMAR = NaoCellGrammar(nodes=3, num_operations=5)
QUICK = {"epochs": 2, "augment": 2, "max_step": 5, "hidden": 16, "embedding": 8}


def make(proposer: str = "nao", seed: int = 0) -> AskTell:
    return ask_tell(GRAMMAR, ControllerConfig(proposer=proposer, **QUICK), seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize("proposer", ["nao", "random", "evolution"])
def test_nothing_comes_twice(proposer: str, additive: Landscape) -> None:
    nao, ids = make(proposer), set()
    own = GRAMMAR.sample_distinct(10, np.random.default_rng(5))
    nao.tell(own, additive(own))
    ids |= {a.id for a in own}
    for _ in range(3):
        first, second = nao.ask(8), nao.ask(4)  # the second without anything told between
        new = {a.id for a in first + second}
        assert len(new) == 12 and not new & ids
        ids |= new
        nao.tell(first, additive(first))
    assert len(nao.told) == 34


def test_ask_before_tell_is_random() -> None:
    nao = make()
    assert len(nao.ask(6)) == 6
    assert nao.last_proposals.counts() == {"random": 6} and nao.last_report is None


def test_a_later_score_replaces_and_keeps_the_place(additive: Landscape) -> None:
    nao = make("evolution")
    pool = nao.ask(5)
    nao.tell(pool, [1.0, 2.0, 3.0, 4.0, 5.0])
    nao.tell([GRAMMAR.shuffle(pool[1], np.random.default_rng(0))], [9.0])
    assert [score for _, score in nao.told] == [1.0, 9.0, 3.0, 4.0, 5.0]
    nao.ask(1)
    assert nao.last_report is not None and nao.last_report.figures["population_best_score"] == 9.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_bad_scores_are_refused_and_nothing_is_taken_in(bad: float) -> None:
    nao = make("random")
    pool = nao.ask(3)
    with pytest.raises(SettingError, match="scores are finite"):
        nao.tell(pool, [0.1, bad, 0.2])
    with pytest.raises(SettingError, match="one score"):
        nao.tell(pool, [0.1])
    with pytest.raises(SettingError, match="at least one"):
        nao.ask(0)
    assert nao.told == []


def test_equal_calls_give_equal_answers_across_a_save(additive: Landscape) -> None:
    def first_round(nao: AskTell) -> AskTell:
        pool = nao.ask(20)
        nao.tell(pool, additive(pool))
        nao.ask(3)
        return nao

    one, other = first_round(make()), first_round(make())
    restored = make()
    restored.load_state_dict(other.state_dict())
    pool = one.ask(5)
    assert restored.ask(5) == pool
    for each in (one, restored):
        each.tell(pool, additive(pool))
    assert one.ask(5) == restored.ask(5) and make(seed=1).ask(20) != make(seed=0).ask(20)


def test_a_state_is_a_snapshot(additive: Landscape) -> None:
    nao, restored = make(), make()
    pool = nao.ask(20)
    nao.tell(pool, additive(pool))
    nao.ask(3)
    pool = GRAMMAR.sample_distinct(10, np.random.default_rng(5))
    nao.tell(pool, additive(pool))
    state = nao.state_dict()
    before = copy.deepcopy(state)
    nao.ask(3)  # fits on
    equal_states(state, before)
    restored.load_state_dict(state)
    restored.ask(3)
    equal_states(state, before)


def equal_states(one: Any, other: Any) -> None:
    ours, theirs = (torch.utils._pytree.tree_leaves(each) for each in (one, other))
    assert len(ours) == len(theirs)
    for mine, its in zip(ours, theirs, strict=True):
        assert torch.equal(mine, its) if isinstance(mine, torch.Tensor) else mine == its


def test_a_single_told_architecture_is_enough(additive: Landscape) -> None:
    nao = make()
    nao.tell(nao.ask(1), [0.5])
    assert len(nao.ask(10)) == 10


def test_progress_of_each_fit(additive: Landscape) -> None:
    epochs: list[int] = []
    config = ControllerConfig(**QUICK)  # type: ignore[arg-type]
    nao = ask_tell(GRAMMAR, config, on_epoch=lambda epoch, figures: epochs.append(epoch))
    pool = nao.ask(10)
    nao.tell(pool, additive(pool))
    nao.ask(2)
    assert epochs == [1, 2]
