"""NAO cells drawn as text: every state is a lane that runs down from where it is made to where it is last read.

      k-2 k-1
       ●───●───2          2 = sep_conv_3x3(k-2) + identity(k-1)
           ●───●───3      3 = max_pool_3x3(k-1) + sep_conv_5x5(2)
                   ╰──▶   output = 3

A dot is a read, a crossing without a dot is not. States 0 and 1 are the outputs of the two cells before.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

Pair = tuple[int, str]
Node = tuple[Pair, Pair]

_GAP = 4  # columns between lanes
_ASCII = str.maketrans({"●": "o", "─": "-", "│": "|", "┼": "+", "▶": ">", "╰": "`", "┴": "+"})


def unused_states(nodes: Sequence[Node]) -> list[int]:
    """States that no node reads, the cell's two inputs (0 and 1) included: together they are the cell's output.

    >>> unused_states([((0, "identity"), (0, "identity")), ((2, "identity"), (0, "identity"))])
    [1, 3]
    """
    read = {state for node in nodes for state, _ in node}
    return [state for state in range(len(nodes) + 2) if state not in read]


def draw_cells(
    cells: Mapping[str, Sequence[Node]], *, output: str = "concat", ascii_only: bool = False, width: int = 80
) -> str:
    """The cells, one below the other, each under its title; no line is longer than ``width`` (at least 40) columns.

    ``cells`` maps a title ("normal cell") to its nodes, each two (input state, operation name) pairs. ``output`` names
    how unused states are joined ("concat" or "project"). ``ascii_only`` draws without box characters. Where diagram and
    formulas do not fit side by side, the formulas come below; a diagram too wide on its own is left out.

    >>> print(draw_cells({"normal cell": [((0, "identity"), (1, "max_pool_3x3"))]}, ascii_only=True))
    normal cell
      k-2 k-1
       o---o---2      2 = identity(k-2) + max_pool_3x3(k-1)
               `-->   output = 2
    """
    assert width >= 40, "a drawing needs 40 columns"
    text = "\n\n".join(_draw_cell(title, list(nodes), output, width) for title, nodes in cells.items())
    return text.translate(_ASCII) if ascii_only else text


def _draw_cell(title: str, nodes: list[Node], output: str, width: int) -> str:
    lanes = _lanes(nodes)
    formulas = [""] + [_formula(k + 2, node) for k, node in enumerate(nodes)] + [_output(nodes, output)]
    left = max(map(len, lanes)) + 3
    if left + max(map(len, formulas)) <= width:
        rows = [f"{lane:<{left}}{formula}".rstrip() for lane, formula in zip(lanes, formulas, strict=True)]
    else:
        below = [part for line in formulas[1:] for part in textwrap.wrap(line, width - 2, subsequent_indent="    ")]
        rows = [lane for lane in lanes if left - 3 <= width] + [f"  {line}" for line in below]
    return "\n".join([title, *rows])


def _lanes(nodes: list[Node]) -> list[str]:
    """The diagram: a heading, a row for each node, a row for the output."""
    unused = set(unused_states(nodes))
    last = {state: k for k, node in enumerate(nodes) for state, _ in node}
    end = len(nodes)
    rows = ["  k-2 k-1"]
    for k, node in enumerate(nodes):
        made = k + 2
        read = {state for state, _ in node}
        live = {s for s in range(made) if s in unused or last.get(s, -1) >= k}
        rows.append(_row(made, live, read, min(read), str(made)))
    first = min(unused)
    row = _row(end + 2, unused, set(), first, "▶").replace("┼", "┴")
    corner = _column(first)
    rows.append(row[:corner] + "╰" + row[corner + 1 :])
    return rows


def _row(target: int, live: set[int], read: set[int], first: int, label: str) -> str:
    """Lanes 0..target-1 of which ``live`` are drawn, and a line from lane ``first`` to ``label`` at lane ``target``."""
    end = _column(target) - (1 if label == "▶" else 0)
    cells = [" "] * end
    for column in range(_column(first), end):
        cells[column] = "─"
    for state in live:
        crossed = state >= first
        cells[_column(state)] = "●" if state in read else "┼" if crossed else "│"
    return "".join(cells) + label


def _column(state: int) -> int:
    return 3 + _GAP * state


def _name(state: int) -> str:
    return ("k-2", "k-1")[state] if state < 2 else str(state)


def _formula(number: int, node: Node) -> str:
    return f"{number} = " + " + ".join(f"{operation}({_name(state)})" for state, operation in node)


def _output(nodes: list[Node], output: str) -> str:
    names = [_name(state) for state in unused_states(nodes)]
    return f"output = {output}({', '.join(names)})" if len(names) > 1 or output != "concat" else f"output = {names[0]}"
