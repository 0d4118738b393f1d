"""The controller's turn: it learns scored architectures and proposes new ones."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller import Proposals, Proposer
from bnao.controller.base import FitReport
from bnao.loop.config import SearchConfig
from bnao.loop.stages import Stage
from bnao.loop.workbench import Workbench
from bnao.rng import generator, torch_seed


def num_epochs(config: SearchConfig) -> int | None:
    """How many epochs a fit has at most; None for a proposer that has none."""
    return config.controller.epochs if config.controller.proposer == "nao" else None


def learn_and_propose(
    bench: Workbench,
    proposer: Proposer,
    stage: Stage,
    architectures: Sequence[Architecture],
    scores_P: NDArray[np.float64],
    n: int,
    seen: AbstractSet[str],
) -> tuple[FitReport, Proposals]:
    """Fit ``proposer`` on P scored architectures, then ask it for ``n`` whose ids are not in ``seen``.

    The stage's name names the random streams, and its figures take up what the fit showed.
    """
    seed = bench.config.seed
    report = proposer.fit(
        architectures,
        scores_P,
        torch_seed(seed, stage.name) % 2**31,
        on_epoch=lambda epoch, figures: stage.progress(epoch, dict(figures)),
    )
    stage.figures.update(report.figures)
    return report, proposer.propose(n, generator(seed, stage.name, "propose"), bench.feasible, seen)
