"""The pool counted again, and some of its architectures scored again with the supernet's weights."""

from __future__ import annotations

import numpy as np

from bnao.loop.events import Silent
from bnao.loop.rounds import SUPERNET, Rounds
from bnao.loop.stages import StageLog, read_progress
from bnao.loop.verify.checks import Checks
from bnao.loop.workbench import Workbench
from bnao.storage import Pool, PoolEntry, RunFolder
from bnao.storage.pool import latest_round


def check_pool_sizes(bench: Workbench, pool: Pool, checks: Checks) -> None:
    """Ids, parameters and multiply-adds of every architecture of the pool."""
    with checks.guard("pool sizes"):
        entries, sizes = pool.entries(), bench.delivered.sizes
        architectures = [bench.space.grammar.parse(entry.text) for entry in entries]
        found = zip(architectures, sizes.num_params(architectures), sizes.macs(architectures), strict=True)
        wrong = [
            entry.id
            for entry, (architecture, params, macs) in zip(entries, found, strict=True)
            if (entry.id, entry.num_params, entry.macs) != (architecture.id, int(params), int(macs))
        ]
        if wrong:
            checks.differs("pool sizes", f"{len(wrong)} have other ids or sizes, such as {wrong[0][:40]}")
        else:
            checks.agrees("pool sizes", f"{len(entries):,} ids, parameters and multiply-adds, counted again")


def check_scores(bench: Workbench, run: RunFolder, pool: Pool, winner: str | None, others: int, checks: Checks) -> None:
    """The winner's architecture (``winner``: its id) and ``others`` of the pool, from the best to the worst."""
    entries = pool.entries()
    last, progress = latest_round(entries), read_progress(run)
    if last is None or progress is None:
        return
    if not run.has(SUPERNET) or f"supernet-{last + 1}" in progress.seconds:
        checks.unchecked("scores", f"the supernet that gave those of round {last} has been trained further")
        return
    recorded = pool.scores_of(last)
    chosen = _chosen([entry for entry in entries if entry.id in recorded], recorded, winner, others)
    with checks.guard("scores"):
        architectures = [bench.space.grammar.parse(entry.text) for entry in chosen]
        scores = Rounds(bench, run, pool, StageLog(Silent())).scores(architectures)
        if scores.num_not_finite:
            checks.unchecked("scores", "an architecture's loss is not finite; the pool has the worst finite one for it")
            return
        for entry, value in zip(chosen, scores.values_P.tolist(), strict=True):
            name = f"score {entry.id[:8]}" + (" (winner)" if entry.id == winner else "")
            checks.close(name, recorded[entry.id], value, scores.name)


def _chosen(entries: list[PoolEntry], scores: dict[str, float], winner: str | None, others: int) -> list[PoolEntry]:
    """The winner, and ``others`` more, evenly from the best to the worst."""
    rest = sorted((entry for entry in entries if entry.id != winner), key=lambda entry: -scores[entry.id])
    count = min(others, len(rest))
    places = np.linspace(0, len(rest) - 1, count).round().astype(int).tolist() if count else []
    return [entry for entry in entries if entry.id == winner] + [rest[place] for place in places]
