"""Proposers: from scored architectures to new ones, in a search or by ask and tell. Importing this imports no torch.

Names are imported when first used, so that ``bnao.controller.config`` needs no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnao.lazy import imported_on_use

if TYPE_CHECKING:
    from bnao.controller.asker import AskTell, ask_tell
    from bnao.controller.base import PROPOSERS, FitReport, OnEpoch, Proposals, Proposer
    from bnao.controller.config import ControllerConfig
    from bnao.controller.proposers import make_proposer
    from bnao.controller.queries import optimise

__all__ = [
    "PROPOSERS",
    "AskTell",
    "ControllerConfig",
    "FitReport",
    "OnEpoch",
    "Proposals",
    "Proposer",
    "ask_tell",
    "make_proposer",
    "optimise",
]

__getattr__ = imported_on_use(
    __name__,
    {
        "AskTell": "asker",
        "ControllerConfig": "config",
        "FitReport": "base",
        "OnEpoch": "base",
        "PROPOSERS": "base",
        "Proposals": "base",
        "Proposer": "base",
        "ask_tell": "asker",
        "make_proposer": "proposers",
        "optimise": "queries",
    },
)
