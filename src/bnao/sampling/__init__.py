"""Sampling policies: which paths a supernet step trains, with what weight (DESIGN decision 7; imports no torch).

Names are imported when first used, so that ``bnao.sampling.config`` needs no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnao.lazy import imported_on_use

if TYPE_CHECKING:
    from bnao.sampling.base import POLICIES, Policy, PolicySetup, Schedule, StepPlan
    from bnao.sampling.make import make_policy

__all__ = ["POLICIES", "Policy", "PolicySetup", "Schedule", "StepPlan", "make_policy"]

__getattr__ = imported_on_use(
    __name__,
    {
        "POLICIES": "base",
        "Policy": "base",
        "PolicySetup": "base",
        "Schedule": "base",
        "StepPlan": "base",
        "make_policy": "make",
    },
)
