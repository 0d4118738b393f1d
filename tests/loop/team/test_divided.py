"""Scores and jobs that are divided: each is done once, by one process, and what fails elsewhere is raised in rank 0."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.distributed.processes import together
from tests.loop.conftest import MICRO, Recorder

import bnao.api as api
from bnao.errors import NumericalError, RunError
from bnao.loop.stages import StageLog
from bnao.loop.team import jobs as jobs_module
from bnao.loop.team.jobs import Done, Jobs, Leading, follow_jobs
from bnao.loop.team.scoring import Score, score_divided, score_share
from bnao.loop.team.team import Team
from bnao.spaces.config import SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.training.loop import Epoch, num_steps

ARCHITECTURES = NaoCellSpace(SpaceConfig(nodes=2)).grammar.sample_distinct(9, np.random.default_rng(0))
STEPS = num_steps(MICRO.rerank.training, 100)


class Evaluator:
    """The score of an architecture is the sum of its tokens; one of them cannot be scored where ``fails`` is set."""

    def __init__(self, fails: bool = False) -> None:
        self.seen: list[str] = []
        self.fails = fails

    def evaluate(self, architectures, on_done=None, measured=None):
        for a in architectures:
            if self.fails:
                raise RunError("no score")
            self.seen.append(a.id)
            measured[a.id] = (float(sum(a.tokens)), 0.5)


def test_each_is_scored_once_and_neighbours_stay_together() -> None:
    def work(group):
        evaluator = Evaluator()
        if group.rank:
            while isinstance(said := group.broadcast(), Score):
                score_share(group, evaluator, said)
            return evaluator.seen
        measured = {ARCHITECTURES[3].id: (7.0, 0.1)}
        done: list[int] = []
        score_divided(group, evaluator, ARCHITECTURES, measured, done.append)
        group.broadcast("over")
        return evaluator.seen, measured, done

    (first, measured, done), second = together(work)
    scored = first + second
    assert sorted(scored) == sorted(a.id for a in ARCHITECTURES if a is not ARCHITECTURES[3])
    assert measured[ARCHITECTURES[3].id] == (7.0, 0.1)
    assert all(measured[a.id] == (float(sum(a.tokens)), 0.5) for a in ARCHITECTURES if a is not ARCHITECTURES[3])
    assert done[-1] == len(ARCHITECTURES) and done == sorted(done)
    order = [a.id for a in sorted(ARCHITECTURES, key=lambda a: a.canonical)]
    assert [order.index(id) for id in first] == sorted(order.index(id) for id in first)


def test_a_score_that_fails_elsewhere_is_raised_in_rank_0() -> None:
    def work(group):
        evaluator = Evaluator(fails=bool(group.rank))
        if group.rank:
            return score_share(group, evaluator, group.broadcast())
        with pytest.raises(RunError, match="no score"):
            score_divided(group, evaluator, ARCHITECTURES, {}, lambda done: None)
        return "raised"

    assert together(work) == ["raised", []]


def turn(group, folder: Path, train, listener: Recorder):
    """One turn of jobs: what rank 0 kept, or raised."""

    def train_alone(bench, architecture, stage, key, hooks, saves):
        assert stage == "rerank"
        return train(bench, architecture, key, hooks, saves)

    jobs_module.train_alone = train_alone
    team = SimpleNamespace(team=Team(group, 2), config=MICRO, data=SimpleNamespace(train=range(100)))
    if group.rank:
        follow_jobs(team, group.broadcast())
        return group.broadcast()
    kept: list[Done] = []
    log = StageLog(listener)
    jobs = Jobs("rerank/1", "rerank", ARCHITECTURES, folder)
    try:
        with log.stage("rerank", "jobs", STEPS * len(ARCHITECTURES), "steps") as stage:
            leading = Leading(group, jobs, stage, 0, kept.append, is_own=True)
            with leading.turn():
                for number in leading.numbers():
                    a = ARCHITECTURES[number]
                    kept.append(train(team, a, jobs.key(a), leading.hooks(a), None))
    except NumericalError as error:
        group.broadcast("over")
        return kept, str(error)
    group.broadcast("over")
    return kept, ""


def test_jobs_are_done_once_each_and_told(tmp_path: Path) -> None:
    def work(group):
        def train(bench, architecture, key, hooks, saves):
            assert key == f"rerank-{architecture.id}"
            for step in range(STEPS):
                time.sleep(0.03)
                hooks.on_step(step + 1, {})
            curve = [Epoch(epoch=1, loss=0.5, metric=0.5, learning_rate=0.1)]
            return Done(architecture, {}, float(group.rank), 0.0, curve)

        heard = Recorder()
        result = turn(group, tmp_path, train, heard)
        return result, list(heard.of("epoch")), heard.of("stage_progress")

    ((kept, failed), epochs, progress), (over, _, _) = together(work)
    assert (failed, over) == ("", "over")
    assert sorted(done.architecture.id for done in kept) == sorted(a.id for a in ARCHITECTURES)
    by_other = {done.architecture.id for done in kept if done.valid_metric == 1.0}
    assert 0 < len(by_other) < len(ARCHITECTURES)
    assert {event["architecture"] for event in epochs} == by_other  # rank 0 tells its own from within its trainings
    steps = [event["done"] for event in progress]
    assert steps == sorted(steps) and steps[-1] == STEPS * len(ARCHITECTURES)


def test_a_job_that_diverges_elsewhere_ends_the_turn_in_rank_0(tmp_path: Path) -> None:
    def work(group):
        def train(bench, architecture, key, hooks, saves):
            if group.rank:
                raise NumericalError("the training loss must stay finite")
            for step in range(200):
                time.sleep(0.02)
                hooks.on_step(step + 1, {})
            return Done(architecture, {}, 0.0, 0.0)

        return turn(group, tmp_path, train, Recorder())

    (kept, failed), over = together(work)
    assert "rerank (rerank.training): the training loss must stay finite" in failed
    assert (kept, over) == ([], "over")


def test_trainings_of_others_are_saved_while_rank_0_keeps_what_is_finished(tmp_path: Path) -> None:
    """Jobs last longer than the time between two saves, as any real one does."""
    training = replace(MICRO.rerank.training, epochs=8)
    config = replace(
        MICRO,
        save_seconds=0.2,
        loop=replace(MICRO.loop, pool=6, rounds=1),
        rerank=replace(MICRO.rerank, top=4, training=training),
    )
    result = api.search(config, tmp_path / "run", processes=2)
    assert len(result.summary.trained) >= 4
    assert not (tmp_path / "run" / "running").exists()
