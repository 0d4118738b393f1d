"""What a plan expects of scoring together is what the distinct beginnings leave."""

from __future__ import annotations

from itertools import count

import numpy as np
import torch
from torch import nn

from bnao.arch import Architecture
from bnao.evaluation.sharing import Sharing, measure_sharing
from bnao.spaces.base import Built
from bnao.spaces.progress import Progress
from bnao.spaces.stages import Stage
from bnao.supernet import Supernet

PARTS = nn.ModuleList(nn.Identity() for _ in range(3))


def _stages(architecture: Architecture) -> list[Stage]:
    return [Stage((depth, token), PARTS[depth]) for depth, token in enumerate(architecture.tokens)]


def _architectures(*rows: tuple[int, ...]) -> list[Architecture]:
    return [Architecture(tokens=row, canonical=row, parts=(len(row),)) for row in rows]


def test_the_work_is_the_share_of_distinct_beginnings() -> None:
    supernet = Supernet(Built(PARTS, Progress(), _stages))
    seconds = count()
    pool = _architectures((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 2), (0, 2, 2))
    sharing = measure_sharing(supernet, pool, torch.ones(2, 3), 10**6, lambda: float(next(seconds)))
    distinct = {a.tokens[: k + 1] for a in pool for k in range(3)}
    assert sharing.work == len(distinct) / 18
    assert sharing.kept_bytes == 2 * 24, "two partings on the first chain, of one batch"
    assert measure_sharing(supernet, pool, torch.ones(2, 3), 30, lambda: 0.0) == Sharing(1.0, 30)


def test_nothing_in_common_saves_nothing() -> None:
    supernet = Supernet(Built(PARTS, Progress(), _stages))
    seconds = count()
    pool = _architectures((0, 0, 0), (1, 0, 0), (2, 0, 0))
    found = measure_sharing(supernet, pool, torch.ones(2, 3), 10**6, lambda: float(next(seconds)))
    assert found == Sharing(1.0, 0)
    assert np.isclose(found.work, 1.0)
