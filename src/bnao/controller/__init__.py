"""Proposers: from scored architectures to new ones, in a search or by ask and tell. Importing this imports no torch.

Names are imported when first used, so that ``bnao.controller.config`` needs no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnao.controller.asker import AskTell, ask_tell
    from bnao.controller.base import PROPOSERS, FitReport, OnEpoch, Proposals, Proposer
    from bnao.controller.config import ControllerConfig
    from bnao.controller.proposers import make_proposer
    from bnao.controller.queries import optimise

_HOME = {
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
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bnao.controller' has no attribute {name!r}")
    return getattr(import_module(f"bnao.controller.{_HOME[name]}"), name)
