"""How many processes a search or a training on this machine takes where nobody says it."""

from __future__ import annotations

from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.team.team import divided_trainings
from bnao.loop.train.config import TrainConfig

AUTO = "auto"
PROCESSES = 2
"""What ``auto`` takes where it takes several: two threads scale poorly, two half batches on one each better
(`benchmarks/speed/processes.py` measures it). With more, batch norm would see ever smaller parts."""
FEWEST_IMAGES = 16  # of a part of a batch


def num_processes(asked: str, config: SearchConfig | TrainConfig, threads: int) -> int:
    """``asked`` as a number. ``auto``: :data:`PROCESSES` on a machine without GPUs where the run has so many
    threads, each part of a batch is of 16 images or more, no limit of minutes is planned, and the loss of a batch is
    the mean of its parts' (with class weights it is not); else one.

    Raises SettingError for another word.
    """
    if asked != AUTO:
        if not asked.isdecimal() or int(asked) < 1:
            raise SettingError(f"processes is a number from 1, or auto; received {asked!r}: write --processes 2")
        return int(asked)
    trainings = divided_trainings(config).values()
    parts_fit = all(t.batch_size // (PROCESSES * t.gradient_accumulation) >= FEWEST_IMAGES for t in trainings)
    is_planned = isinstance(config, SearchConfig) and config.max_minutes is not None
    is_weighted = isinstance(config, SearchConfig) and config.objective.class_weights is not None
    if threads < PROCESSES or not parts_fit or is_planned or is_weighted or _has_gpu(config):
        return 1
    return PROCESSES


def _has_gpu(config: SearchConfig | TrainConfig) -> bool:
    import torch

    return config.device != "cpu" and torch.cuda.is_available()
