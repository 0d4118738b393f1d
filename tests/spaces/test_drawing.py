from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.spaces.nao_cell.drawing import Node, draw_cells, unused_states

OPERATIONS = ["sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "identity", "dil_conv_7x7"]


@st.composite
def cells(draw: Any, most: int = 12) -> list[Node]:
    size = draw(st.integers(1, most))
    pair = [st.tuples(st.integers(0, k + 1), st.sampled_from(OPERATIONS)) for k in range(size)]
    return [(draw(pair[k]), draw(pair[k])) for k in range(size)]


@settings(max_examples=60, deadline=None)
@given(cell=cells(), width=st.integers(40, 120), ascii_only=st.booleans())
def test_every_read_is_said_and_no_line_is_too_wide(cell: list[Node], width: int, ascii_only: bool) -> None:
    text = draw_cells({"normal cell": cell}, width=width, ascii_only=ascii_only)
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    for k, node in enumerate(cell):
        terms = [f"{operation}({('k-2', 'k-1')[state] if state < 2 else state})" for state, operation in node]
        assert f"{k + 2} = {' + '.join(terms)}" in flat
    assert "output = " in flat
    assert text.isascii() or not ascii_only


@settings(max_examples=60, deadline=None)
@given(cell=cells(most=5))
def test_the_diagram_reads_back(cell: list[Node]) -> None:
    """Dots stand exactly at the states that a node reads; the last row joins exactly the unused ones."""
    rows = draw_cells({"normal cell": cell}).splitlines()[2:]
    column = [3 + 4 * state for state in range(len(cell) + 3)]
    for k, node in enumerate(cell):
        diagram = rows[k][: column[k + 2]]
        assert {s for s in range(k + 2) if diagram[column[s]] == "●"} == {state for state, _ in node}
        assert rows[k][column[k + 2]] == str(k + 2)
        last = rows[len(cell)]
    assert [s for s in range(len(cell) + 2) if last[column[s]] in "╰┴"] == unused_states(cell)


def test_published_cell() -> None:
    """The whole picture of one cell, with an unused input."""
    cell: list[Node] = [
        ((1, "sep_conv_3x3"), (1, "identity")),
        ((2, "max_pool_3x3"), (1, "sep_conv_5x5")),
        ((1, "identity"), (2, "avg_pool_3x3")),
    ]
    assert draw_cells({"normal cell": cell}, output="project").splitlines() == [
        "normal cell",
        "  k-2 k-1",
        "   │   ●───2              2 = sep_conv_3x3(k-1) + identity(k-1)",
        "   │   ●───●───3          3 = max_pool_3x3(2) + sep_conv_5x5(k-1)",
        "   │   ●───●───┼───4      4 = identity(k-1) + avg_pool_3x3(2)",
        "   ╰───────────┴───┴──▶   output = project(k-2, 3, 4)",
    ]


def test_two_cells_and_a_width_too_small() -> None:
    cell: list[Node] = [((0, "identity"), (1, "identity"))]
    assert draw_cells({"normal cell": cell, "reduction cell": cell}).count("output = 2") == 2
    with pytest.raises(AssertionError):
        draw_cells({"normal cell": cell}, width=39)
