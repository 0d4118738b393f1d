"""What a search was begun from: its recipe, or for a pick the run whose supernet it takes, and the limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnao.cost.limits import Limits
from bnao.storage import from_dict


def is_pick(config: Mapping[str, Any]) -> bool:
    """Whether the supernet is another run's.

    >>> is_pick({"supernet": {"source": "runs/a"}}), is_pick({"seed": 0})
    (True, False)
    """
    return config.get("supernet", {}).get("source") is not None


def pick_words(config: Mapping[str, Any]) -> str:
    """Of which run a pick is, and within which limits.

    >>> pick_words({"supernet": {"source": "runs/a"}, "limits": {"max_params": 50000, "latency_batch": 1}})
    'a pick from the supernet of runs/a, at most 50,000 parameters'
    """
    limits = from_dict(Limits, config.get("limits", {}), source="the settings")
    return f"a pick from the supernet of {config['supernet']['source']}" + (
        f", {limits.describe()}" if limits.any else ""
    )
