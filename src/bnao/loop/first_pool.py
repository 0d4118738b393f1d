"""What the search starts from: random architectures, those that the user knows, or another run's pool."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bnao.controller import Proposals, Proposer
from bnao.loop.known import KnownArchitecture, known_architectures
from bnao.loop.stages import StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator, torch_seed
from bnao.storage import Pool
from bnao.storage.pool_csv import Known, pool_entries, read_known

FEWEST_SCORES = 20  # known scores from which the controller learns before the first round

GIVEN = 0  # the round of scores that the user gave


def known(bench: Workbench) -> list[KnownArchitecture]:
    """The architectures of ``loop.known``; of ``supernet.source``, those of its pool that keep the limits.

    Raises BnaoError where they cannot be read, are no architectures of the space, or break the limits.
    """
    config = bench.config
    if config.supernet.source is not None:
        entries = pool_entries(Path(config.supernet.source) / "pool.sqlite")
        found = [bench.space.grammar.parse(entry.text) for entry in entries]
        keeps = bench.feasible.contains_each(found)
        texts = [Known(str(a)) for a, kept in zip(found, keeps, strict=True) if kept]
        return known_architectures(texts, bench.feasible)
    if config.loop.known is not None:
        return known_architectures(read_known(Path(config.loop.known)), bench.feasible)
    return []


def first_pool(bench: Workbench, proposer: Proposer, pool: Pool, log: StageLog) -> Proposals:
    """The first round's architectures: the known ones, then ``loop.pool`` less these.

    The rest is random; where the user gave 20 scores or more (higher is better) the controller learns them first and
    proposes the rest.
    """
    config, given = bench.config, known(bench)
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
    config, name = bench.config, "controller-0"
    epochs = config.controller.epochs if config.controller.proposer == "nao" else None
    with log.stage(name, "controller on the scores given", epochs, "epochs") as stage:
        report = proposer.fit(
            [k.architecture for k in scored],
            np.array([k.score for k in scored], dtype=np.float64),
            torch_seed(config.seed, name) % 2**31,
            on_epoch=lambda epoch, figures: stage.progress(epoch, dict(figures)),
        )
        stage.figures.update(report.figures)
        return proposer.propose(missing, generator(config.seed, name, "propose"), bench.feasible, seen)
