"""Counts as texts."""

from __future__ import annotations

import pytest

from bnao.arch.counts import count_text
from bnao.spaces.nao_cell.grammar import NaoCellGrammar


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (1234, "1,234"),
        (10**9 - 1, "999,999,999"),
        (10**9, "1e+09"),
        (209_459_250_000**2, "4.39e+22"),
        (9996 * 10**20, "1e+24"),
        (10**400, "1e+400"),
        (10**400 - 1, "1e+400"),
        (9996 * 10**396, "1e+400"),
    ],
)
def test_texts(count, text):
    assert count_text(count) == text


@pytest.mark.parametrize("exponent", range(9, 308))
def test_what_a_float_holds_is_written_as_a_float(exponent):
    for count in (10**exponent, 3**40 * 10**exponent // 3**40, 7 * 10**exponent // 6):
        assert count_text(count) == f"{float(count):.3g}"


def test_a_huge_space():
    assert count_text(NaoCellGrammar(nodes=40, num_operations=10).count()).partition("e+")[2] > "308"


def test_more_digits_than_python_writes():
    assert count_text(1234 * 10**5000) == "1.23e+5003"
