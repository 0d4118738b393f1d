"""bnao: Balanced one-shot Neural Architecture Optimization (arXiv 1909.10815).

``import bnao`` is light: names below are imported on first use, so help and errors need no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "BnaoError": "bnao.errors",
    "Architecture": "bnao.arch",
    "OneOf": "bnao.spaces.own",
    "Repeat": "bnao.spaces.own",
    "SearchConfig": "bnao.loop.config",
    "Result": "bnao.api",
    "export": "bnao.delivery.export",
    "plan": "bnao.api",
    "pick": "bnao.api",
    "predict": "bnao.delivery.predict",
    "rank": "bnao.api",
    "resume": "bnao.api",
    "search": "bnao.api",
    "verify": "bnao.loop.verify.run",
    "load_recipe": "bnao.recipes",
}

if TYPE_CHECKING:
    from bnao import ranking as ranking
    from bnao.api import Result as Result
    from bnao.api import pick as pick
    from bnao.api import plan as plan
    from bnao.api import rank as rank
    from bnao.api import resume as resume
    from bnao.api import search as search
    from bnao.arch import Architecture as Architecture
    from bnao.delivery.export import export as export
    from bnao.delivery.predict import predict as predict
    from bnao.errors import BnaoError as BnaoError
    from bnao.loop.config import SearchConfig as SearchConfig
    from bnao.loop.verify.run import verify as verify
    from bnao.recipes import load_recipe as load_recipe
    from bnao.spaces.own import OneOf as OneOf
    from bnao.spaces.own import Repeat as Repeat

__all__ = [
    "Architecture",
    "BnaoError",
    "OneOf",
    "Repeat",
    "Result",
    "SearchConfig",
    "__version__",
    "export",
    "load_recipe",
    "pick",
    "plan",
    "predict",
    "rank",
    "ranking",
    "resume",
    "search",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "ranking":
        return importlib.import_module("bnao.ranking")
    if name in _LAZY:
        module = importlib.import_module(_LAZY[name])
        return getattr(module, name)
    raise AttributeError(f"module 'bnao' has no attribute {name!r}")
