from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnao.cost.limits import Limits
from bnao.errors import SettingError


@pytest.mark.parametrize("name", ["max_params", "max_macs"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True, float("nan")])
def test_what_is_no_limit(name: str, value: Any) -> None:
    with pytest.raises(SettingError, match=f"{name} is a whole number"):
        Limits(**{name: value})


bound = st.none() | st.integers(1, 100)


@given(bound, bound, st.integers(0, 120), st.integers(0, 120))
def test_allows(max_params: int | None, max_macs: int | None, num_params: int, macs: int) -> None:
    limits = Limits(max_params=max_params, max_macs=max_macs)
    expected = num_params <= (max_params or 999) and macs <= (max_macs or 999)
    assert limits.allows(num_params=num_params, macs=macs) == expected
    assert limits.any == (limits.describe() != "no limits")
