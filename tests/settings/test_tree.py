from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnao.errors import BnaoError, SettingError
from bnao.loop.config import SearchConfig
from bnao.settings import build, flatten, leaves, merge, nest, to_dict, update, update_from_flags

LEAVES = leaves(SearchConfig())
NAMES = list(LEAVES)

keys = st.text("ab", min_size=1, max_size=2)
trees = st.recursive(
    st.integers(), lambda below: st.dictionaries(keys, below, min_size=1, max_size=3), max_leaves=8
).filter(lambda tree: isinstance(tree, dict))
anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2), st.just({})
)


def text_of(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(text_of, value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_round_trip_through_json() -> None:
    config = update(SearchConfig(), {"rerank": {"random": 2}, "seed": 7, "data": {"resolution": 16}})
    assert build(SearchConfig, json.loads(json.dumps(to_dict(config)))) == config


def test_round_trip_through_flags() -> None:
    config = SearchConfig()
    assert update_from_flags(config, {name: text_of(leaf.value) for name, leaf in LEAVES.items()}) == config


@given(trees)
def test_flatten_and_nest_are_inverse(tree: dict[str, Any]) -> None:
    assert nest(flatten(tree)) == tree


@given(trees, trees)
def test_merge_keeps_inputs_and_lets_the_second_win(base: dict[str, Any], override: dict[str, Any]) -> None:
    before = json.dumps([base, override])
    merged = flatten(merge(base, override))
    assert json.dumps([base, override]) == before
    assert flatten(override).items() <= merged.items()


@given(st.text(max_size=30), st.text(max_size=10))
def test_unknown_flags_are_one_line_errors(name: str, text: str) -> None:
    if name not in LEAVES:
        with pytest.raises(SettingError, match="unknown setting"):
            update_from_flags(SearchConfig(), {name: text})


@given(st.sampled_from(NAMES), st.text(max_size=10))
def test_any_text_is_a_value_or_a_setting_error(name: str, text: str) -> None:
    try:
        config = update_from_flags(SearchConfig(), {name: text})
    except BnaoError as error:
        assert str(error)
    else:
        assert type(leaves(config)[name].value) in (bool, int, float, str, tuple, type(None))


@given(st.sampled_from(NAMES), anything)
def test_any_value_is_kept_or_refused_but_never_changed(name: str, value: Any) -> None:
    try:
        config = update(SearchConfig(), nest({name: value}))
    except BnaoError:
        return
    kept = leaves(config)[name].value
    plain = tuple(value) if isinstance(value, list) else value
    assert kept == plain or value == {} or (kept is None and str(value).strip().lower() == "none")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"supernet": {"training": {"epoch": 3}}}, "did you mean 'supernet.training.epochs'"),
        ({"training": {"batch_size": 3}}, "did you mean 'final.training'"),
        ({"sed": 1}, "did you mean 'seed'"),
        ({"loop": 3}, "loop is a section; received 3: set one of its fields, such as loop.pool"),
        ({"loop": {"pool": 3.0}}, "loop.pool is a whole number; received 3.0"),
        ({"loop": {"pool": True}}, "loop.pool is a whole number; received True"),
        ({"controller": {"early_stop": 1}}, "controller.early_stop is true or false; received 1"),
        ({"scoring": {"score": "los"}}, "scoring.score is one of loss, metric, learning, both; received 'los'"),
        ({"supernet": {"training": {"epochs": float("inf")}}}, "write a finite number"),
        ({"supernet": {"training": {"epochs": 10**400}}}, "write a finite number"),
        ({"supernet": {"training": {"epochs": 2**53 + 1}}}, "that a float holds exactly"),
        ({"supernet": {"training": {"epochs": -1}}}, "supernet.training.epochs is positive; received -1"),
        ({"rerank": {"network": {"channels": 7}}}, "rerank.network.channels must be even"),
        ({"supernet": {"network": {"output": "concat"}}}, "supernet: a supernet cannot"),
    ],
)
def test_messages(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        update(SearchConfig(), values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_section_keeps_what_its_owner_set() -> None:
    config = update(SearchConfig(), {"supernet": {"network": {"channels": 8}}})
    assert (config.supernet.network.output, config.supernet.network.drop_path_keep) == ("project", 0.9)


def test_whole_numbers_serve_as_floats() -> None:
    epochs = update(SearchConfig(), {"final": {"training": {"epochs": 2}}}).final.training.epochs
    assert isinstance(epochs, float) and epochs == 2.0


def test_none_is_written_as_text() -> None:
    config = update(SearchConfig(), {"data": {"resolution": 16}})
    assert update(config, {"data": {"resolution": "None"}}).data.resolution is None


def test_a_name_is_a_field_or_a_section() -> None:
    for flat in ({"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}):
        with pytest.raises(SettingError, match="either a field or a section"):
            nest(flat)
