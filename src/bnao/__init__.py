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
    "resume_training": "bnao.api",
    "search": "bnao.api",
    "train": "bnao.api",
    "Training": "bnao.api",
    "TrainConfig": "bnao.loop.train.config",
    "verify": "bnao.loop.verify.run",
    "load_recipe": "bnao.recipes",
    "load_train_recipe": "bnao.recipes",
}

if TYPE_CHECKING:
    from bnao import ranking as ranking
    from bnao.api import Result as Result
    from bnao.api import Training as Training
    from bnao.api import pick as pick
    from bnao.api import plan as plan
    from bnao.api import rank as rank
    from bnao.api import resume as resume
    from bnao.api import resume_training as resume_training
    from bnao.api import search as search
    from bnao.api import train as train
    from bnao.arch import Architecture as Architecture
    from bnao.delivery.export import export as export
    from bnao.delivery.predict import predict as predict
    from bnao.errors import BnaoError as BnaoError
    from bnao.loop.config import SearchConfig as SearchConfig
    from bnao.loop.train.config import TrainConfig as TrainConfig
    from bnao.loop.verify.run import verify as verify
    from bnao.recipes import load_recipe as load_recipe
    from bnao.recipes import load_train_recipe as load_train_recipe
    from bnao.spaces.own import OneOf as OneOf
    from bnao.spaces.own import Repeat as Repeat

__all__ = [
    "Architecture",
    "BnaoError",
    "OneOf",
    "Repeat",
    "Result",
    "SearchConfig",
    "TrainConfig",
    "Training",
    "__version__",
    "export",
    "load_recipe",
    "load_train_recipe",
    "pick",
    "plan",
    "predict",
    "rank",
    "ranking",
    "resume",
    "resume_training",
    "search",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "ranking":
        return importlib.import_module("bnao.ranking")
    if name in _LAZY:
        module = importlib.import_module(_LAZY[name])
        return getattr(module, name)
    raise AttributeError(f"module 'bnao' has no attribute {name!r}")
