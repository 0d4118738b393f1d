"""Sampling policies: which paths a supernet step trains, with what weight (DESIGN decision 7; imports no torch).

Names are imported when first used, so that ``bnao.sampling.config`` needs no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnao.sampling.base import POLICIES, Policy, PolicySetup, Schedule, StepPlan
    from bnao.sampling.make import make_policy

_HOME = {
    "POLICIES": "base",
    "Policy": "base",
    "PolicySetup": "base",
    "Schedule": "base",
    "StepPlan": "base",
    "make_policy": "make",
}

__all__ = ["POLICIES", "Policy", "PolicySetup", "Schedule", "StepPlan", "make_policy"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bnao.sampling' has no attribute {name!r}")
    return getattr(import_module(f"bnao.sampling.{_HOME[name]}"), name)
