"""Errors, random streams, registries."""

from __future__ import annotations

import numpy as np
import pytest

from bnao import errors
from bnao.errors import BnaoError, SettingError, nearest, require, unknown_name
from bnao.registry import Registry
from bnao.rng import generator, torch_seed


def test_every_error_has_the_one_root() -> None:
    kinds = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(kinds) == 7 and all(issubclass(e, BnaoError) for e in kinds)


def test_nearest_and_unknown_names() -> None:
    assert nearest("sep_conv3x3", ["sep_conv_3x3", "zero"]) == "sep_conv_3x3"
    assert nearest("xyz", ["sep_conv_3x3"]) is None and nearest("a", []) is None
    message = str(unknown_name("space", "qqq", ["nao_cell", "mobile"]))
    assert "did you mean" not in message and message.endswith("Known: mobile, nao_cell")


def test_require_says_rule_value_and_remedy() -> None:
    require(True, "rule", 1, "remedy")
    with pytest.raises(SettingError, match="widths are even; received 3: use 4"):
        require(False, "widths are even", 3, "use 4")


def test_streams_are_addressed_by_name() -> None:
    def first(*address: str | int) -> int:
        return int(generator(*address).integers(2**62))  # type: ignore[arg-type]

    addresses: list[tuple[str | int, ...]] = [(0,), (1,), (0, "a"), (0, "a", 1), (0, "a", "1"), (0, "a1"), (0, 1, "a")]
    assert len({first(*address) for address in addresses}) == len(addresses)
    assert first(0, "a", 1) == first(0, "a", np.int64(1))
    assert first(0, "pool") == 2187684309841801676, "streams must be the same on every machine and in every version"
    assert 0 <= torch_seed(0, "a") < 2**63 and torch_seed(0, "a") != torch_seed(0, "b")


def test_registry() -> None:
    registry: Registry[int] = Registry("operation")
    assert registry.register("b", 2) == 2 and registry.register("a", 1) == 1
    assert registry.names() == ("a", "b") and registry.get("a") == 1
    with pytest.raises(SettingError, match="'a' is registered already"):
        registry.register("a", 3)
    with pytest.raises(SettingError, match="unknown operation 'c'"):
        registry.get("c")


def test_registry_loads_what_ships_before_its_first_use() -> None:
    from bnao.controller.base import PROPOSERS
    from bnao.sampling.base import POLICIES

    with pytest.raises(SettingError, match="registered already"):
        PROPOSERS.register("evolution", PROPOSERS.get("random"))
    assert "uniform" in POLICIES.names()
