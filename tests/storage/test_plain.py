import math
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from bnao.errors import RunError, SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.result import SearchResult, Trained, Winner
from bnao.storage.files import json_bytes, parse_json
from bnao.storage.plain import from_dict, to_plain


@dataclass(frozen=True, kw_only=True)
class Inner:
    x: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner
    names: list[str] = field(default_factory=list)
    pair: tuple[int, float] = (0, 0.0)
    many: tuple[int, ...] = ()
    table: dict[str, dict[str, float]] = field(default_factory=dict)
    maybe: int | None = None
    either: int | float | str = 0


def test_round_trip() -> None:
    outer = Outer(
        inner=Inner(x=math.inf, kind="b"), names=["n"], pair=(1, 2.5), many=(1, 2, 3), table={"t": {"u": 1.0}}, either=1
    )
    plain = parse_json(json_bytes(outer), None)  # type: ignore[arg-type]
    back = from_dict(Outer, plain)
    assert back == outer and type(back.either) is int


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inner": {"x": 1, "knd": "a"}}, "did you mean 'kind'"),
        ({"inner": {}}, "the key 'x'"),
        ({"inner": {"x": "1"}}, "type float at 'inner.x'"),
        ({"inner": {"x": True}}, "type float"),
        ({"inner": {"x": 1, "kind": "c"}}, "at 'inner.kind'"),
        ({"inner": [1]}, "a table of Inner"),
        ({"names": ["a", 1]}, r"at 'names\[1\]'"),
        ({"names": "abc"}, "at 'names'"),
        ({"pair": [1]}, "2 values"),
        ({"table": {"t": {"u": None}}}, "at 'table.t.u'"),
        ({"maybe": 1.5}, "at 'maybe'"),
        ({"maybe": False}, "at 'maybe'"),
    ],
)
def test_strict(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RunError, match=words):
        from_dict(Outer, {"inner": {"x": 1}, **change})


def test_another_error_class_and_not_a_table() -> None:
    with pytest.raises(SettingError, match=r"demo.toml must have a table of Outer"):
        from_dict(Outer, [], source="demo.toml", error=SettingError)


def test_the_projects_own_trees() -> None:
    config = SearchConfig(seed=3)
    assert from_dict(SearchConfig, to_plain(config)) == config
    winner = Winner(
        architecture="0 1", id="ab", mode="rerank", output="concat", test_metric=0.5, test_standard_error=math.nan,
        measured_on="x", num_params=1, num_params_with_auxiliary=2, macs=3,
    )  # fmt: skip
    trained = Trained(
        architecture="0 1", id="ab", arm="random", score=None, valid_metric=1.0, test_metric=None, num_params=1,
        macs=1, seconds=0.1,
    )  # fmt: skip
    result = SearchResult(
        recipe="r", seed=0, space="s", space_size="9", data="d", winner=winner, trained=[trained],
        stage_figures={"a": {"b": math.nan}},
    )  # fmt: skip
    back = from_dict(SearchResult, parse_json(json_bytes(result), None))  # type: ignore[arg-type]
    assert back.trained == result.trained and math.isnan(back.winner.test_standard_error)


def test_objects_are_not_plain() -> None:
    with pytest.raises(TypeError, match="received object"):
        to_plain({"a": object()})
