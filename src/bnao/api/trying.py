"""Dry runs: shapes, sizes, times and memory from a few real steps; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bnao.api.searching import _listener, _stage_log
from bnao.distributed import refuse_launched
from bnao.loop.config import SearchConfig
from bnao.loop.dry.result import DryRun
from bnao.loop.train.config import TrainConfig

if TYPE_CHECKING:
    from bnao.loop.events import Listener


def dry_search(config: SearchConfig, *, listener: Listener | Callable[..., None] | None = None) -> DryRun:
    """What a search with these settings would do, from two real steps of each kind of its trainings.

    Raises BnaoError where :func:`bnao.search` does before it begins.
    """
    from bnao.loop.dry.search import try_search
    from bnao.recipes import usual_settings

    refuse_launched("a dry run of a search", "try it without torchrun")
    return try_search(config, _stage_log(_listener(listener)), usual_settings(config))


def dry_train(
    config: TrainConfig,
    *,
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
) -> DryRun:
    """What :func:`bnao.train` with these settings would do, from two real steps.

    ``processes`` as in :func:`bnao.train`: they make the steps together. Raises BnaoError where :func:`bnao.train` does
    before it begins.
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
        bench = assembly.joined(TrainWork(prepare_training(config, log))).bench
        tried = try_training(bench, log)
        assembly.finish(tried)
        return tried
