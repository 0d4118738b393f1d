"""What to call next: a command, or a Python function where the run was given a model or data in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnao.data.words import GIVEN


def needs_python(config: Mapping[str, Any]) -> bool:
    """Whether a run with these settings goes on from Python alone, with what it was given there.

    >>> needs_python({"data": {"source": "own"}}), needs_python({"data": {"source": "sample"}})
    (True, False)
    """
    own_model = config.get("space", {}).get("name") == GIVEN and not config.get("plugins")
    functions = GIVEN in (config.get("objective", {}).get(name) for name in ("loss", "metric"))
    return config.get("data", {}).get("source") == GIVEN or own_model or functions


def resume_call(path: object, config: Mapping[str, Any]) -> str:
    """How to go on with the run.

    >>> resume_call("runs/a", {}), resume_call("runs/a", {"data": {"source": "own"}})
    ('bnao resume runs/a', "bnao.resume('runs/a', ...)")
    """
    return f"bnao.resume({str(path)!r}, ...)" if needs_python(config) else f"bnao resume {path}"


def rank_call(path: object, config: Mapping[str, Any]) -> str:
    """How to measure the ranking.

    >>> rank_call("runs/a", {}), rank_call("runs/a", {"data": {"source": "own"}})
    ('bnao rank runs/a --architectures 40', "bnao.rank('runs/a', 40, ...)")
    """
    return f"bnao.rank({str(path)!r}, 40, ...)" if needs_python(config) else f"bnao rank {path} --architectures 40"


def pick_call(path: object, config: Mapping[str, Any], max_params: int) -> str:
    """How to ask for another budget.

    >>> pick_call("runs/a", {"data": {"source": "own"}}, 100)
    "bnao.pick('runs/a', 'runs/small', max_params=100, ...)"
    """
    if needs_python(config):
        return f"bnao.pick({str(path)!r}, 'runs/small', max_params={max_params}, ...)"
    return f"bnao pick {path} --max-params {max_params}"
