"""Dry runs: shapes, sizes, times and memory from a few real steps; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bnao.api.searching import _listener, _stage_log
from bnao.loop.config import SearchConfig
from bnao.loop.dry.result import DryRun
from bnao.loop.train.config import TrainConfig

if TYPE_CHECKING:
    from bnao.loop.events import Listener


def dry_search(config: SearchConfig, *, listener: Listener | Callable[..., None] | None = None) -> DryRun:
    """What a search with these settings would do, from two real steps of each kind of its trainings.

    A batch larger than the data is cut to them, and it is said. Raises BnaoError as :func:`bnao.search` does.
    """
    from bnao.loop.dry.search import try_search

    return try_search(config, _stage_log(_listener(listener)))


def dry_train(
    config: TrainConfig,
    *,
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
) -> DryRun:
    """What :func:`bnao.train` with these settings would do, from two real steps; batches as :func:`dry_search`.

    ``processes`` as in :func:`bnao.train`: they make the steps together.
    """
    from bnao.loop.given import NOTHING
    from bnao.loop.team.start import Assembly
    from bnao.loop.train.bench import prepare_training
    from bnao.loop.train.divided import TrainWork
    from bnao.loop.train.dry_run import try_training

    log = _stage_log(_listener(listener))
    with Assembly(processes, NOTHING) as assembly:
        if assembly.follows:
            tried = assembly.follow().result
            assert isinstance(tried, DryRun)
            return tried
        bench = assembly.joined(TrainWork(prepare_training(config, log, any_batch=True))).bench
        tried = try_training(bench, config, log)
        assembly.finish(tried)
        return tried
