"""What the search starts from: random architectures, those that the user knows, or another run's pool."""

from __future__ import annotations

import numpy as np

from bnao.controller import Proposals, Proposer
from bnao.loop.known import KnownArchitecture
from bnao.loop.learning import learn_and_propose, num_epochs
from bnao.loop.stages import StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator

FEWEST_SCORES = 20  # known scores from which the controller learns before the first round


def first_pool(bench: Workbench, proposer: Proposer, log: StageLog) -> Proposals:
    """The first round's architectures: the known ones, then ``loop.pool`` less these.

    The rest is random; where the user gave 20 scores or more (higher is better) the controller learns them first and
    proposes the rest.
    """
    config, given = bench.config, bench.known
    new = Proposals(architectures=[k.architecture for k in given], origins=["given"] * len(given))
    missing, seen = config.loop.pool - len(given), {a.id for a in new.architectures}
    if missing > 0:
        scored = [k for k in given if k.score is not None]
        rest = (
            _learned(bench, proposer, scored, missing, seen, log)
            if len(scored) >= FEWEST_SCORES
            else _random(bench, missing, seen)
        )
        new = Proposals(
            architectures=new.architectures + rest.architectures,
            origins=new.origins + rest.origins,
        )
    if len(new.architectures) < config.loop.pool:
        log.warn(f"the space holds fewer than {config.loop.pool} architectures; the pool has {len(new.architectures)}")
    return new


def _random(bench: Workbench, missing: int, seen: set[str]) -> Proposals:
    fresh = bench.feasible.sample_distinct(missing, generator(bench.config.seed, "pool"), seen)
    return Proposals(architectures=fresh, origins=["random"] * len(fresh))


def _learned(
    bench: Workbench, proposer: Proposer, scored: list[KnownArchitecture], missing: int, seen: set[str], log: StageLog
) -> Proposals:
    with log.stage("controller-0", "controller on the scores given", num_epochs(bench.config), "epochs") as stage:
        scores_P = np.array([k.score for k in scored], dtype=np.float64)
        _, proposals = learn_and_propose(
            bench, proposer, stage, [k.architecture for k in scored], scores_P, missing, seen
        )
        return proposals
