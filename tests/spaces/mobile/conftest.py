"""Small mobile spaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bnao.spaces.config import SpaceConfig
from bnao.spaces.mobile import MobileSpace


@pytest.fixture(scope="session")
def mobile() -> Callable[..., MobileSpace]:
    """``mobile(widths="1,2", ...)``: a space of two stages, with these settings."""

    def make(**settings: Any) -> MobileSpace:
        small = {"widths": "1,2", "depths": "2,2", "strides": "1,2", "kernels": "3,5", "expansions": "1,3"}
        return MobileSpace(SpaceConfig(name="mobile", **(small | settings)))

    return make
